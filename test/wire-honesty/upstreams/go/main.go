// A reranker on stock net/http. It echoes every document, framed and encoded as the query of the call says.
package main

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	pause  = 20 * time.Millisecond
	filler = "and the parcel was sent on its way once more, "
)

type request struct {
	Query string   `json:"query"`
	Texts []string `json:"texts"`
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	// The test holds our standard input: when it ends, so do we.
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	panic(http.Serve(listener, http.HandlerFunc(handle)))
}

func quote(text string) string {
	encoded, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(encoded)
}

func answer(texts []string, spell func(string) string) []byte {
	results := make([]string, len(texts))
	for index, text := range texts {
		results[index] = fmt.Sprintf(`{"index":%d,"text":%s,"score":%g}`, index, spell(text), 1/float64(index+1))
	}
	return []byte("[" + strings.Join(results, ",") + "]")
}

func escaped(text string) string {
	return strings.NewReplacer("@", `\u0040`, "4", `\u0034`).Replace(quote(text))
}

func long(text string) string {
	half := strings.Repeat(filler, 250_000/len(filler))
	return quote(half + text + half)
}

func compressed(body []byte, open func(io.Writer) io.WriteCloser) []byte {
	var buffer bytes.Buffer
	writer := open(&buffer)
	_, _ = writer.Write(body)
	_ = writer.Close()
	return buffer.Bytes()
}

// The standard library has no br and no zstd: these bytes come ready from the test.
func ready(coding string) []byte {
	body, err := os.ReadFile(filepath.Join(os.Getenv("ENCODED_DIR"), coding))
	if err != nil {
		panic(err)
	}
	return body
}

func inPieces(w http.ResponseWriter, body []byte, size int) {
	for len(body) > 0 {
		size = min(size, len(body))
		_, _ = w.Write(body[:size])
		w.(http.Flusher).Flush()
		body = body[size:]
	}
}

func withLength(w http.ResponseWriter, length int) {
	w.Header().Set("Content-Length", strconv.Itoa(length))
}

func encoded(w http.ResponseWriter, coding string, body []byte) {
	w.Header().Set("Content-Encoding", coding)
	_, _ = w.Write(body)
}

func fail(w http.ResponseWriter, status int, contentType, body string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func handle(w http.ResponseWriter, r *http.Request) {
	var call request
	if err := json.NewDecoder(r.Body).Decode(&call); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	name := strings.TrimPrefix(call.Query, "case ")
	body := answer(call.Texts, quote)
	if strings.HasPrefix(name, "error") {
		handleError(w, name, strings.Join(call.Texts, " | "))
		return
	}
	switch name {
	case "length-one-write":
		withLength(w, len(body))
		_, _ = w.Write(body)
	case "length-many-writes":
		withLength(w, len(body))
		inPieces(w, body, 7)
	case "chunked":
		inPieces(w, body, len(body)/2)
	case "chunked-small":
		inPieces(w, body, 1)
	case "gzip":
		encoded(w, name, compressed(body, func(to io.Writer) io.WriteCloser { return gzip.NewWriter(to) }))
	case "deflate":
		encoded(w, name, compressed(body, func(to io.Writer) io.WriteCloser { return zlib.NewWriter(to) }))
	case "br", "zstd":
		encoded(w, name, ready(name))
	case "pause":
		at := bytes.IndexByte(body, '@')
		inPieces(w, body[:at], at)
		time.Sleep(pause)
		_, _ = w.Write(body[at:])
	case "escapes":
		_, _ = w.Write(answer(call.Texts, escaped))
	case "large":
		_, _ = w.Write(answer(call.Texts, long))
	case "trailers":
		w.Header().Set("Trailer", "X-Note")
		_, _ = w.Write(body)
		w.Header().Set("X-Note", call.Texts[0])
	case "close-delimited":
		w.Header().Set("Transfer-Encoding", "identity")
		_, _ = w.Write(body)
	case "truncated-length":
		withLength(w, len(body)+10)
		_, _ = w.Write(body)
	case "truncated-chunked":
		inPieces(w, body, len(body))
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}

func handleError(w http.ResponseWriter, name, quoted string) {
	message := "invalid input: " + quoted
	switch name {
	case "error-400-json":
		fail(w, 400, "application/json", fmt.Sprintf(`{"error":%s,"error_type":"Validation"}`, quote(message)))
	case "error-500-json":
		fail(w, 500, "application/json", fmt.Sprintf(`{"message":%s}`, quote(message)))
	case "error-400-text":
		http.Error(w, message, http.StatusBadRequest)
	case "error-500-text":
		http.Error(w, message, http.StatusInternalServerError)
	case "error-500-html":
		fail(w, 500, "text/html; charset=utf-8", "<html><body><pre>"+message+"</pre></body></html>")
	default:
		w.WriteHeader(http.StatusNotImplemented)
	}
}
