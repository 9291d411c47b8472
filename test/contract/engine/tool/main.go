// The program of the engine contract's image; tool.ts has the same in TypeScript for FakeEngine.
package main

import (
	"fmt"
	"io"
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
	case "append": // path content
		file, err := os.OpenFile(args[0], os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			os.Exit(1)
		}
		file.WriteString(args[1])
	case "echo": // code
		fmt.Println("listening")
		if _, err := io.Copy(os.Stdout, os.Stdin); err != nil {
			os.Exit(1)
		}
		fmt.Fprint(os.Stderr, "heard the end")
		exit(args[0])
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
