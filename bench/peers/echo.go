// The peer `go`: a goroutine for each connection, as the net package documents. TCP_NODELAY is Go's default.
// Prints {"port":N}, ends when stdin closes.
package main

import (
	"fmt"
	"io"
	"net"
	"os"
)

const blockBytes = 65536

func echo(conn net.Conn) {
	block := make([]byte, 4096)
	for {
		count, err := conn.Read(block)
		if err != nil {
			return
		}
		if _, err := conn.Write(block[:count]); err != nil {
			return
		}
	}
}

func sink(conn net.Conn) {
	block := make([]byte, blockBytes)
	for {
		if _, err := conn.Read(block); err != nil {
			return
		}
	}
}

func source(conn net.Conn) {
	block := make([]byte, blockBytes)
	for {
		if _, err := conn.Write(block); err != nil {
			return
		}
	}
}

func duplex(conn net.Conn) {
	go source(conn)
	sink(conn)
}

func main() {
	mode := "echo"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	serve, known := map[string]func(net.Conn){"echo": echo, "sink": sink, "source": source, "duplex": duplex}[mode]
	if !known {
		fmt.Fprintf(os.Stderr, "echo.go: no mode %q\n", mode)
		os.Exit(1)
	}
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Printf("{\"port\":%d}\n", listener.Addr().(*net.TCPAddr).Port)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		conn, err := listener.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			defer conn.Close()
			serve(conn)
		}()
	}
}
