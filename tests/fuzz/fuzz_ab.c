/* fuzz_ab.c - any text as a setting of `/ab`: refused with a reason, or thresholds within bounds, a tree
 * and a drafter that can be parsed.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/chat/slash_tune.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Chat chat;
    RequestSet set;
    Err err = {0};
    TreeShape shape;
    DrafterChoice choice;
    char *text = strndup((const char *)data, size);
    assert(text);
    chat.ready = (EventReady){
        .n_exits = 2, .exits = {6, 12}, .n_profile = 2, .n_targets = 2, .targets = {"a", "b"}};
    if (ab_setting(&chat, text, &set, &err) != 0) {
        assert(err.code == EXIT_USAGE && err.text[0]);
    } else {
        assert(set.n_thresholds == 0 || set.n_thresholds == 2);
        for (int i = 0; i < set.n_thresholds; i++)
            assert(set.thresholds[i] >= 0 && set.thresholds[i] <= 1);
        assert(!set.tree[0] || tree_parse(set.tree, &shape) == 0);
        assert(!set.drafter[0] || drafter_parse(set.drafter, &choice) == 0);
        assert(set.target >= 0 && set.target < 2 && set.has_target == (set.target == 1));
        assert(!set.has_spec || set.spec == SPEC_OFF);
    }
    free(text);
    return 0;
}
