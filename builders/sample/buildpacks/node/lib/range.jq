# Reads a list of versions and gives the first that satisfies $range, a semver range as npm writes them; else nothing.
# Pre-releases match nothing.

def part: if . == null or test("^[xX*]$") then empty else tonumber end;

# "1.2" as [1, 2]
def parts: [.major, .minor, .patch] | [.[] | part];

def filled: . + [0, 0, 0] | .[:3];

# The first version above all that begin so: [1, 2] gives [1, 3, 0].
def next: if length == 0 then [infinite] else (.[:-1] + [.[-1] + 1]) | filled end;

def caret: if length == 0 or .[0] > 0 or length == 1 then .[:1] elif .[1] > 0 or length == 2 then .[:2] else . end;

def comparator:
  capture("^(?<op>[<>]=?|[=^~])?v?(?<major>[0-9]+|[xX*])?(\\.(?<minor>[0-9]+|[xX*]))?(\\.(?<patch>[0-9]+|[xX*]))?([-+][0-9A-Za-z.+-]*)?$")
  // error("\"" + $range + "\" is not a version range")
  | .op as $op | parts
  | if $op == ">=" then {from: filled}
    elif $op == ">" then {from: next}
    elif $op == "<" then {to: filled}
    elif $op == "<=" then {to: next}
    elif $op == "^" then {from: filled, to: (caret | next)}
    elif $op == "~" then {from: filled, to: (.[:2] | next)}
    else {from: filled, to: next} end;

def alternative:
  gsub("(?<from>[^ ]+) +- +(?<to>[^ ]+)"; ">=" + .from + " <=" + .to)
  | gsub("(?<op>[<>=^~]) +"; .op)
  | [splits(" +") | select(. != "") | comparator];

($range | [splits(" *\\|\\| *") | alternative]) as $alternatives
| [ .[]
    | select(test("^[0-9]+\\.[0-9]+\\.[0-9]+$"))
    | . as $version | (split(".") | map(tonumber)) as $parts
    | select(any($alternatives[]; all(.[]; (.from == null or $parts >= .from) and (.to == null or $parts < .to))))
    | $version ]
| first // empty
