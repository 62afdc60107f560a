/* log.c - see log.h. */
#include "ui/log.h"

#include <stdlib.h>
#include <string.h>

void log_close(Log *log)
{
    free(log->entries);
    *log = (Log){0};
}

static void add_line(Log *log, time_t now, ItemKind kind, const char *line)
{
    char clean[LOG_BYTES];
    text_clean_line(line, clean, sizeof clean);
    if (clean[strspn(clean, " ")] == '\0')
        return;
    if (log->n > 0) {
        LogEntry *last = &log->entries[(log->n - 1) % LOG_ENTRIES];
        if (last->kind == kind && strcmp(last->text, clean) == 0) {
            last->time = now;
            return;
        }
    }
    LogEntry *entry = &log->entries[log->n++ % LOG_ENTRIES];
    *entry = (LogEntry){.time = now, .kind = kind};
    strcpy(entry->text, clean);
}

void log_add(Log *log, time_t now, ItemKind kind, const char *text)
{
    if (log->entries == NULL)
        log->entries = calloc(LOG_ENTRIES, sizeof *log->entries);
    while (log->entries != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        char *line = strndup(text, n);
        if (line != NULL)
            add_line(log, now, kind, line);
        free(line);
        text += n + (text[n] == '\n');
    }
}

int log_count(const Log *log)
{
    return log->n < LOG_ENTRIES ? (int)log->n : LOG_ENTRIES;
}

const LogEntry *log_at(const Log *log, int i)
{
    return &log->entries[(log->n - (unsigned)log_count(log) + (unsigned)i) % LOG_ENTRIES];
}
