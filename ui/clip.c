/* clip.c - see clip.h. */
#include "ui/clip.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ui/thoughts.h"

static char digit(uint32_t value)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return digits[value & 63];
}

void clip_write(FILE *terminal, const char *text, size_t bytes)
{
    const unsigned char *s = (const unsigned char *)text;
    fputs("\033]52;c;", terminal);
    for (size_t i = 0; i < bytes; i += 3) {
        uint32_t more = i + 1 < bytes ? s[i + 1] : 0, most = i + 2 < bytes ? s[i + 2] : 0;
        uint32_t group = (uint32_t)s[i] << 16 | more << 8 | most;
        fputc(digit(group >> 18), terminal);
        fputc(digit(group >> 12), terminal);
        fputc(i + 1 < bytes ? digit(group >> 6) : '=', terminal);
        fputc(i + 2 < bytes ? digit(group) : '=', terminal);
    }
    fputc('\a', terminal);
    fflush(terminal);
}

static int no_memory(Err *err)
{
    return err_set(err, EXIT_MEMORY, "no memory for a copy");
}

static int pick_answer(const char *answer, Clip *clip, Err *err)
{
    size_t n = strlen(answer);
    Thoughts thoughts;
    if (thoughts_find(answer, n, &thoughts) && !thoughts.open) {
        answer += thoughts.end;
        n -= thoughts.end;
    }
    while (n > 0 && answer[n - 1] == '\n')
        n--;
    if (n == 0)
        return err_set(err, EXIT_USAGE, "the newest answer is empty");
    clip->text = strndup(answer, n);
    if (clip->text == NULL)
        return no_memory(err);
    clip->bytes = n;
    strcpy(clip->what, "the answer");
    return 0;
}

int clip_pick(const char *const *answers, int n, int gone, int number, Clip *clip, Err *err)
{
    int count = gone, in_last = 0;
    *clip = (Clip){0};
    if (n == 0)
        return err_set(err, EXIT_USAGE, "there is no answer to copy yet");
    for (int i = 0; i < n; i++) {
        Fence fence = {0};
        in_last = fence_count(answers[i], strlen(answers[i]), &fence);
        count += in_last;
    }
    if (number == CLIP_NEWEST)
        number = in_last > 0 ? count : CLIP_ANSWER;
    if (number == CLIP_ANSWER)
        return pick_answer(answers[n - 1], clip, err);
    if (count == 0)
        return err_set(err, EXIT_USAGE, "there is no code block in this chat");
    if (number < 0 || number > count || number <= gone)
        return err_set(err, EXIT_USAGE, "there is no code block %d; there are %d to %d", number,
                       gone + 1, count);
    int left = number - gone;
    for (int i = 0; i < n; i++) {
        size_t at = 0, bytes = strlen(answers[i]);
        Fence fence = {0};
        FenceBlock block;
        while (fence_next(answers[i], bytes, &at, &fence, &block))
            if (--left == 0) {
                clip->text = fence_copy(answers[i], &block, &clip->bytes);
                snprintf(clip->what, sizeof clip->what, "code block %d", number);
                return clip->text != NULL ? 0 : no_memory(err);
            }
    }
    return err_set(err, EXIT_INTERNAL, "code block %d was not found", number);
}

/* Appends an item's text to one that it goes on with, or to "". NULL = no memory, and `text` is
 * free. */
static char *joined(char *text, const Item *item)
{
    size_t before = text != NULL ? strlen(text) : 0;
    char *whole = realloc(text, before + item->bytes + 1);
    if (whole == NULL) {
        free(text);
        return NULL;
    }
    if (item->bytes > 0)
        memcpy(whole + before, item->text, item->bytes);
    whole[before + item->bytes] = '\0';
    return whole;
}

int clip_pick_shown(const Scrollback *scrollback, unsigned last, int number, Clip *clip, Err *err)
{
    char **answers = calloc((size_t)scrollback->n_items + 1, sizeof *answers);
    int n = 0, status = answers == NULL ? -1 : 0;
    for (int i = 0; i < scrollback->n_items && status == 0; i++) {
        const Item *item = &scrollback->items[i];
        if (item->kind != ITEM_ANSWER)
            continue;
        if (last > 0 && item->id > last && !item->continued)
            break;
        if (n == 0 || !item->continued)
            n++;
        answers[n - 1] = joined(answers[n - 1], item);
        status = answers[n - 1] == NULL ? -1 : 0;
    }
    if (status == 0)
        status =
            clip_pick((const char *const *)answers, n, scrollback->codes_gone, number, clip, err);
    else
        no_memory(err);
    for (int i = 0; answers != NULL && i < n; i++)
        free(answers[i]);
    free(answers);
    return status;
}
