package queries_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2"
)

// database is DuckDB in memory, as one session.
type database struct {
	t *testing.T
	*sql.DB
}

func openDuckDB(t *testing.T) *database {
	t.Helper()
	d, err := sql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	d.SetMaxOpenConns(1) // variables belong to a connection
	return &database{t, d}
}

// openViews opens every run of the lake the way a user does.
func openViews(t *testing.T, l *lake) *database {
	t.Helper()
	d := openDuckDB(t)
	d.set("dataset", quoted(l.dir))
	d.set("run", "'*'")
	d.exec(file(t, "views"))
	return d
}

func (d *database) exec(statement string) {
	d.t.Helper()
	if _, err := d.Exec(statement); err != nil {
		d.t.Fatalf("%v\n%s", err, statement)
	}
}

// set gives a variable the value of an SQL expression.
func (d *database) set(variable, expression string) {
	d.t.Helper()
	d.exec("SET VARIABLE " + variable + " = " + expression)
}

// lines returns the rows of a query as text, their values set apart by " | ".
func (d *database) lines(query string) (out []string) {
	d.t.Helper()
	rows, err := d.Query(query)
	if err != nil {
		d.t.Fatalf("%v\n%s", err, query)
	}
	defer rows.Close()
	names, err := rows.Columns()
	for err == nil && rows.Next() {
		values, places := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			places[i] = &values[i]
		}
		err = rows.Scan(places...)
		out = append(out, line(values))
	}
	if err == nil {
		err = rows.Err()
	}
	if err != nil {
		d.t.Fatalf("%v\n%s", err, query)
	}
	return out
}

func line(values []any) string {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = fmt.Sprint(v)
	}
	return strings.Join(cells, " | ")
}

// expect compares the rows of a query.
func (d *database) expect(query string, want []string) {
	d.t.Helper()
	if got := d.lines(query); !slices.Equal(got, want) {
		d.t.Errorf("got\n  %s\nwant\n  %s\nof\n%s", strings.Join(got, "\n  "), strings.Join(want, "\n  "), query)
	}
}

// expectNone fails if a query that looks for what must not be finds rows.
func (d *database) expectNone(what, query string) {
	d.t.Helper()
	if got := d.lines(query); len(got) > 0 {
		d.t.Errorf("%s: %d rows, such as\n  %.2000s", what, len(got), strings.Join(got[:min(len(got), 5)], "\n  "))
	}
}

// file returns the text of a query file.
func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("duckdb", name+".sql"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asked returns a query file as a table expression.
func asked(t *testing.T, name string) string {
	t.Helper()
	return "(" + strings.TrimSuffix(strings.TrimSpace(file(t, name)), ";") + "\n)"
}

// quoted returns s as an SQL string.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// parts returns an SQL string that matches all part files of a table.
func (l *lake) parts(table string) string {
	return quoted(filepath.Join(l.dir, table, "run=*", "part-*.parquet"))
}
