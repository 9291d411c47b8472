// The program of the engine contract's image; tool.ts has the same in TypeScript for FakeEngine.
package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

func main() {
	switch args := os.Args[2:]; os.Args[1] {
	case "print": // stdout stderr code
		fmt.Fprint(os.Stdout, args[0])
		fmt.Fprint(os.Stderr, args[1])
		exit(args[2])
	case "flood": // lines code
		lines, _ := strconv.Atoi(args[0])
		for range lines {
			fmt.Println(strings.Repeat("x", 99))
		}
		exit(args[1])
	case "read": // path
		content, err := os.ReadFile(args[0])
		if err != nil {
			os.Exit(1)
		}
		os.Stdout.Write(content)
	case "write": // path content
		if os.WriteFile(args[0], []byte(args[1]), 0o644) != nil {
			os.Exit(1)
		}
	case "env": // name
		fmt.Print(os.Getenv(args[0]))
	case "where":
		dir, _ := os.Getwd()
		fmt.Print(dir, " ", os.Getuid(), ":", os.Getgid())
	case "hang":
		fmt.Println("hanging")
		time.Sleep(10 * time.Minute)
	}
}

func exit(code string) {
	number, _ := strconv.Atoi(code)
	os.Exit(number)
}
