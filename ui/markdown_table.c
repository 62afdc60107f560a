/* markdown_table.c - tables of markdown, in columns of the screen. Source: GitHub Flavored Markdown
 * 0.29, tables. See markdown_parts.h.
 *
 *   | Name | Count |        Name │ Count
 *   |:-----|------:|   ->   ─────┼──────
 *   | a    | 12    |        a    │    12
 *
 * Columns are as wide as their widest cell where that fits; else the widest become narrower, and their
 * cells wrap. A line that still grows is no row yet: it stands below as text.
 */
#include <stdlib.h>
#include <string.h>

#include "ui/markdown_parts.h"

enum {
    COLUMNS_MAX = 24,
    COLUMN_LEAST = 4, /* of one that was made narrower */
    GAP = 3,          /* " | " */
};

typedef enum Align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER } Align;

typedef struct TableCell {
    size_t from, to; /* bytes of the item's text, blanks around them left out */
} TableCell;

typedef struct Table {
    int n; /* columns */
    Align align[COLUMNS_MAX];
    int width[COLUMNS_MAX];
} Table;

static size_t line_end(const char *s, size_t from, size_t n)
{
    const char *newline = from < n ? memchr(s + from, '\n', n - from) : NULL;
    return newline != NULL ? (size_t)(newline - s) : n;
}

/* The cells of s[from … to); 0 = there is no bar in it, or there are too many. */
static int split(const char *s, size_t from, size_t to, TableCell cells[COLUMNS_MAX])
{
    int n = 0;
    bool bar = false;
    while (from < to && s[from] == ' ')
        from++;
    while (to > from && s[to - 1] == ' ')
        to--;
    if (from < to && s[from] == '|') {
        bar = true;
        from++;
    }
    for (size_t at = from; from <= to; from = ++at) {
        while (at < to && s[at] != '|')
            at += s[at] == '\\' && at + 1 < to ? 2 : 1;
        bar = bar || at < to;
        if (at >= to && from == to && n > 0)
            break; /* behind the last bar */
        if (n == COLUMNS_MAX)
            return 0;
        TableCell *cell = &cells[n++];
        *cell = (TableCell){from, at};
        while (cell->from < cell->to && s[cell->from] == ' ')
            cell->from++;
        while (cell->to > cell->from && s[cell->to - 1] == ' ')
            cell->to--;
        if (at >= to)
            break;
    }
    return bar ? n : 0;
}

/* The line under a table's head: dashes, with colons for the side that a column keeps to. */
static int read_rule(const char *s, size_t from, size_t to, Align align[COLUMNS_MAX])
{
    TableCell cells[COLUMNS_MAX];
    int n = split(s, from, to, cells);
    for (int i = 0; i < n; i++) {
        size_t at = cells[i].from, end = cells[i].to;
        bool left = at < end && s[at] == ':', right = end > at && s[end - 1] == ':';
        at += left;
        end -= right && end > at;
        if (at >= end)
            return 0;
        while (at < end && s[at] == '-')
            at++;
        if (at < end)
            return 0;
        align[i] = !right ? ALIGN_LEFT : left ? ALIGN_CENTER : ALIGN_RIGHT;
    }
    return n;
}

/* Behind the line that ends at `to`, if it is complete; 0 = it still grows. */
static size_t next_line(const Item *item, size_t to)
{
    return to < item->bytes || !item->open ? to + 1 : 0;
}

bool table_begins(const Item *item, size_t from, size_t n)
{
    TableCell cells[COLUMNS_MAX];
    Align align[COLUMNS_MAX];
    const char *s = item->text;
    size_t head = line_end(s, from, n);
    if (head >= n)
        return false;
    int columns = split(s, from, head, cells);
    size_t rule = line_end(s, head + 1, n);
    return columns > 0 && next_line(item, rule) > 0 &&
           read_rule(s, head + 1, rule, align) == columns;
}

/* Puts a cell's words behind what the writer has; returns their columns. */
static int write_cell(Writer *w, const TableCell *cell, int extra)
{
    size_t before = w->n;
    writer_inline(w, cell->from, cell->to, extra, false, true);
    return text_width(w->text + before, w->n - before);
}

static void widen(Writer *w, Table *table, const TableCell *cells, int n)
{
    for (int i = 0; i < n && i < table->n; i++) {
        int width = write_cell(w, &cells[i], 0);
        table->width[i] = width > table->width[i] ? width : table->width[i];
    }
    w->n = 0;
}

/* false = there is no room. */
static bool fit(Table *table, int room)
{
    int sum = 0;
    room -= GAP * (table->n - 1);
    if (room < table->n)
        return false;
    for (int i = 0; i < table->n; i++) {
        table->width[i] = table->width[i] > room ? room : table->width[i];
        sum += table->width[i];
    }
    while (sum > room) {
        int widest = 0;
        for (int i = 1; i < table->n; i++)
            if (table->width[i] > table->width[widest])
                widest = i;
        if (table->width[widest] <= COLUMN_LEAST)
            return false;
        table->width[widest]--;
        sum--;
    }
    return true;
}

/* One line of the screen, put together from pieces of cells. */
typedef struct TableLine {
    char *text;
    uint16_t *attrs;
    size_t n;
} TableLine;

static void add(TableLine *line, char byte, int attr, int times)
{
    for (; times > 0; times--) {
        line->text[line->n] = byte;
        line->attrs[line->n++] = (uint16_t)attr;
    }
}

static void hand_out(Writer *w, TableLine *line)
{
    while (line->n > 0 && line->text[line->n - 1] == ' ')
        line->n--;
    int indent = w->n_lines == 0 ? w->first_indent : 0;
    writer_mark_hits(w, line->text, line->attrs, line->n);
    writer_line(w, (Line){.indent = indent, .text = line->text, .bytes = line->n}, line->attrs,
                line->n);
    line->n = 0;
}

static void write_rule(Writer *w, const Table *table, TableLine *line)
{
    for (int i = 0; i < table->n; i++) {
        if (i > 0) {
            add(line, '-', ATTR_RULE | STYLE_BORDER, 1);
            add(line, '+', ATTR_RULE | STYLE_BORDER, 1);
            add(line, '-', ATTR_RULE | STYLE_BORDER, 1);
        }
        add(line, '-', ATTR_RULE | STYLE_BORDER, table->width[i]);
    }
    hand_out(w, line);
}

static void write_row(Writer *w, const Table *table, const TableCell *cells, int n, int extra,
                      TableLine *line)
{
    size_t at[COLUMNS_MAX], end[COLUMNS_MAX];
    bool more = true;
    for (int i = 0; i < table->n; i++) {
        at[i] = w->n;
        if (i < n)
            write_cell(w, &cells[i], extra);
        end[i] = w->n;
    }
    while (more) {
        more = false;
        for (int i = 0; i < table->n; i++) {
            size_t skip = 0, bytes = 0;
            if (at[i] < end[i])
                bytes = text_wrap(w->text + at[i], end[i] - at[i],
                                  table->width[i] > 1 ? table->width[i] : 1, &skip);
            int rest = table->width[i] - text_width(w->text + at[i], bytes);
            int before = table->align[i] == ALIGN_LEFT    ? 0
                         : table->align[i] == ALIGN_RIGHT ? rest
                                                          : rest / 2;
            if (i > 0) {
                add(line, ' ', STYLE_TEXT, 1);
                add(line, '|', ATTR_RULE | STYLE_BORDER, 1);
                add(line, ' ', STYLE_TEXT, 1);
            }
            add(line, ' ', STYLE_TEXT, before);
            memcpy(line->text + line->n, w->text + at[i], bytes);
            memcpy(line->attrs + line->n, w->attrs + at[i], bytes * sizeof *line->attrs);
            line->n += bytes;
            add(line, ' ', STYLE_TEXT, rest - before);
            at[i] += bytes + skip;
            more = more || at[i] < end[i];
        }
        hand_out(w, line);
    }
    w->n = 0;
}

/* Goes through the rows; line NULL: only measures. Returns the byte behind the last one. */
static size_t rows(Writer *w, Table *table, size_t from, size_t n, TableLine *line)
{
    const Item *item = w->item;
    TableCell cells[COLUMNS_MAX];
    size_t at = from;
    for (int row = 0; at <= n; row++) {
        size_t to = line_end(item->text, at, n), next = next_line(item, to);
        int columns = split(item->text, at, to, cells);
        if (next == 0 || columns == 0)
            break;
        if (line == NULL && row != 1)
            widen(w, table, cells, columns);
        else if (line != NULL && row == 1)
            write_rule(w, table, line);
        else if (line != NULL)
            write_row(w, table, cells, columns, row == 0 ? ATTR_BOLD : 0, line);
        at = next;
    }
    return at;
}

size_t table_write(Writer *w, size_t from, size_t n)
{
    Table table = {0};
    const char *s = w->item->text;
    size_t head = line_end(s, from, n);
    table.n = read_rule(s, head + 1, line_end(s, head + 1, n), table.align);
    int span = w->span, first = w->n_lines == 0 ? w->first_indent : 0;
    rows(w, &table, from, n, NULL);
    w->span = span; /* the same bytes once more */
    if (!fit(&table, w->width - first))
        return from;
    /* A cell's bytes, and at most its width and the gap in blanks. */
    size_t room = (w->item->bytes + 1) * TEXT_TAB + (size_t)(w->width + GAP) * (size_t)table.n;
    TableLine line = {malloc(room), malloc(room * sizeof(uint16_t)), 0};
    size_t end = from;
    if (line.text != NULL && line.attrs != NULL)
        end = rows(w, &table, from, n, &line);
    free(line.text);
    free(line.attrs);
    return end;
}
