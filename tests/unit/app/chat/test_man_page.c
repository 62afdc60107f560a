/* test_man_page.c - the man page has the chat's keys and commands, no more and no fewer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "app/chat/slash.h"
#include "ui/shortcuts.h"

enum { ITEMS = 64, ITEM_BYTES = 64 };

typedef struct Items {
    char text[ITEMS][ITEM_BYTES];
    int n;
} Items;

/* What stands in quotes after ".It Ic" in a section. */
static void read_section(const char *section, Items *items)
{
    char line[512], head[64];
    bool inside = false;
    FILE *page = fopen("man/s2d.1", "r");
    assert_non_null(page);
    snprintf(head, sizeof head, ".Sh %s\n", section);
    items->n = 0;
    while (fgets(line, sizeof line, page)) {
        if (strncmp(line, ".Sh ", 4) == 0)
            inside = strcmp(line, head) == 0;
        if (!inside || strncmp(line, ".It Ic \"", 8) != 0)
            continue;
        line[strcspn(line, "\n") - 1] = '\0';
        assert_true(items->n < ITEMS);
        snprintf(items->text[items->n++], ITEM_BYTES, "%.63s", line + 8);
    }
    fclose(page);
}

/* Each text once, and nothing else. */
static void compare(const char *what, const Items *page, const Items *tables)
{
    for (int i = 0; i < tables->n; i++) {
        int found = 0;
        for (int k = 0; k < page->n; k++)
            found += strcmp(page->text[k], tables->text[i]) == 0;
        if (found != 1)
            fail_msg("the man page has the %s \"%s\" %d times", what, tables->text[i], found);
    }
    for (int k = 0; k < page->n; k++) {
        int found = 0;
        for (int i = 0; i < tables->n; i++)
            found += strcmp(page->text[k], tables->text[i]) == 0;
        if (found != 1)
            fail_msg("the man page has the %s \"%s\"; the tables have it %d times", what,
                     page->text[k], found);
    }
}

static void keys_are_those_of_the_help(void **state)
{
    (void)state;
    static Items page, tables;
    read_section("KEYS", &page);
    for (tables.n = 0; tables.n < shortcut_lines(); tables.n++)
        shortcut_keys(tables.n, tables.text[tables.n], ITEM_BYTES);
    assert_true(tables.n > 20);
    compare("key", &page, &tables);
}

static void commands_are_those_of_the_table(void **state)
{
    (void)state;
    static Items page, tables;
    read_section("CHAT COMMANDS", &page);
    tables.n = 0;
    for (const SlashCommand *command = slash_table(); command->name; command++)
        snprintf(tables.text[tables.n++], ITEM_BYTES, "/%s%s%s", command->name,
                 *command->usage ? " " : "", command->usage);
    assert_true(tables.n > 20);
    compare("command", &page, &tables);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_those_of_the_help),
        cmocka_unit_test(commands_are_those_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
