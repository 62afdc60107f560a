/* bench_method.c - the methods that `s2d bench spec` compares.
 *
 *   "sd/off@soft.gguf" -> drafter sd, tree off, the draft with that adapter -> "SoFT L12"
 *
 * A method names a drafter, "/TREE" where the tree is not the profile's, "@FILE" where the draft's
 * adapter, or the target's head, is not. Every draft has a worker, and plain decoding of its own beside its methods: how
 * fast a process reads memory differs from process to process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/bench/bench_spec.h"

/* The part of text up to a mark, or all of it; *rest: what follows the mark, or NULL. */
static size_t split(const char *text, size_t length, char mark, const char **rest)
{
    const char *at = memchr(text, mark, length);
    *rest = at ? at + 1 : NULL;
    return at ? (size_t)(at - text) : length;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int add_method(BenchResult *result, const Method *method, Err *err)
{
    if (result->n_methods == METHODS_MAX)
        return err_set(err, EXIT_USAGE, "--methods: at most %d, plain decoding included",
                       METHODS_MAX);
    result->methods[result->n_methods++] = *method;
    return 0;
}

/* A method without a tree has the load's, which `set` cannot name as such: "auto" or the shape. */
static void default_tree(const RequestLoad *load, char *tree, size_t size)
{
    const Profile *profile = &load->profile;
    if (load->tree[0])
        snprintf(tree, size, "%s", load->tree);
    else if (profile->tree_auto)
        snprintf(tree, size, "auto");
    else
        snprintf(tree, size, "%dx%dx%d", profile->tree_depth, profile->tree_width,
                 profile->tree_nodes);
}

/* Index of the draft with such an adapter (NULL = the load's own), made when there is none yet,
 * with its plain decoding; -1 = it cannot be had. */
static int draft_of(BenchResult *result, const Options *options, const char *asked, size_t length,
                    Err *err)
{
    for (int i = 0; i < result->n_drafts; i++) {
        const char *known = result->drafts[i].asked;
        if (asked ? known && strlen(known) == length && memcmp(known, asked, length) == 0 : !known)
            return i;
    }
    if (result->n_drafts == DRAFTS_MAX)
        return err_set(err, EXIT_USAGE, "--methods: at most %d adapters", DRAFTS_MAX);
    BenchDraft *draft = &result->drafts[result->n_drafts];
    *draft = (BenchDraft){.load = {.type = REQUEST_STOP}};
    if (asked && !(draft->asked = strndup(asked, length)))
        return err_set(err, EXIT_MEMORY, "out of memory");
    Options with = *options;
    if (asked)
        with.adapter = draft->asked;
    if (options_request(&with, &draft->load, err) != 0) {
        free(draft->asked);
        return -1;
    }
    Method plain = {
        .spec = SPEC_OFF, .draft = result->n_drafts, .plain = result->n_methods, .tree = "auto"};
    snprintf(plain.name, sizeof plain.name, asked ? "plain@%s" : "plain",
             asked ? base_name(draft->asked) : "");
    result->n_drafts++;
    return add_method(result, &plain, err) == 0 ? plain.draft : -1;
}

static int read_method(BenchResult *result, const Options *options, const char *text, size_t length,
                       Err *err)
{
    const char *adapter, *tree;
    Method method = {0};
    DrafterChoice choice;
    TreeShape shape;
    size_t before = split(text, length, '@', &adapter);
    size_t drafter = split(text, before, '/', &tree), trees = tree ? before - drafter - 1 : 0;
    if (drafter < sizeof method.drafter && trees < sizeof method.tree) {
        memcpy(method.drafter, text, drafter);
        memcpy(method.tree, tree ? tree : "", trees);
    }
    if (drafter_parse(method.drafter, &choice) != 0 ||
        (tree && tree_parse(method.tree, &shape) != 0) || (adapter && before + 1 == length))
        return err_set(err, EXIT_USAGE,
                       "--methods: \"%.*s\" is no DRAFTER, DRAFTER/TREE or DRAFTER/TREE@FILE "
                       "(sd, s2d/off, exit:6/4x4x12, s2d@FILE)",
                       (int)length, text);
    size_t file = adapter ? length - before - 1 : 0;
    bool head = drafter_is_head(choice.kind);
    if (head && file > 0 && drafter + 1 + file < sizeof method.drafter)
        snprintf(method.drafter + drafter, sizeof method.drafter - drafter, ":%.*s", (int)file,
                 adapter);
    else if (head && file > 0)
        return err_set(err, EXIT_USAGE, "--methods: \"%.*s\" is too long", (int)length, text);
    method.draft = draft_of(result, options, head ? NULL : adapter, head ? 0 : file, err);
    if (method.draft < 0)
        return -1;
    if (choice.kind == drafter_find("plain"))
        return 0; /* it is always there */
    const BenchDraft *draft = &result->drafts[method.draft];
    while (result->methods[method.plain].draft != method.draft)
        method.plain++;
    method.spec = draft->load.u.load.spec;
    snprintf(method.name, sizeof method.name, "%.*s%s%.60s", (int)before, text, adapter ? "@" : "",
             adapter ? base_name(head ? strchr(method.drafter, ':') + 1 : draft->asked) : "");
    if (!tree)
        default_tree(&draft->load.u.load, method.tree, sizeof method.tree);
    return add_method(result, &method, err);
}

int bench_methods_open(BenchResult *result, const Options *options, const char *list, Err *err)
{
    if (!list) {
        if (draft_of(result, options, NULL, 0, err) < 0)
            return -1;
        const Profile *profile = &result->drafts[0].load.u.load.profile;
        list = !profile->draft_base                             ? "ngram"
               : profile->n_exits > 1 || profile->draft_adapter ? "sd,s2d"
                                                                : "sd";
    }
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (read_method(result, options, at, strcspn(at, ","), err) != 0)
            return -1;
    return 0;
}

void bench_methods_close(BenchResult *result)
{
    for (int i = 0; i < result->n_drafts; i++) {
        request_free(&result->drafts[i].load);
        free(result->drafts[i].asked);
    }
}

/* Whose figures to put beside: of the paper's exits the one at the same share of its draft. */
static const PublishedRow *counterpart(const BenchDraft *draft, const DrafterKind *kind, int exit,
                                       bool tree)
{
    bool soft = draft->n_exits > 1;
    if (drafter_is_head(kind))
        return published_head(kind->name, tree);
    if (kind->exits == DRAFTER_EXITS_NAMED)
        return soft && !kind->ngrams ? published_find(PUBLISHED_S2D, PUBLISHED_LAYERS, tree) : NULL;
    int scaled = exit * PUBLISHED_LAYERS;
    if (exit == 0 || draft->layers == 0 || scaled % draft->layers != 0)
        return NULL;
    return published_find(soft ? PUBLISHED_SOFT : PUBLISHED_SFT, scaled / draft->layers, tree);
}

/* The kind's title, with how its exits were trained. An adapter of one exit was trained for that one
 * alone, as SFT does it; one of several exits for all of them together, which is SoFT. */
static void title_of(const BenchDraft *draft, const DrafterKind *kind, int exit, char *title,
                     size_t size)
{
    const char *how = draft->n_exits > 1 ? "SoFT+" : draft->n_exits == 1 ? "SFT+" : "";
    const char *star = strchr(kind->title, '*');
    int before = star ? (int)(star - kind->title) : (int)strlen(kind->title);
    bool single = !drafter_is_head(kind) &&
                  (kind->exits == DRAFTER_EXITS_LAST || kind->exits == DRAFTER_EXITS_FIXED);
    if (single && draft->n_exits > 1)
        snprintf(title, size, "SoFT L%d", exit);
    else if (kind->exits == DRAFTER_EXITS_FIXED)
        snprintf(title, size, "%.*s%s%s L%d", before, kind->title, how, star + 1, exit);
    else
        snprintf(title, size, "%.*s%s%s", before, kind->title, star ? how : "",
                 star ? star + 1 : "");
}

void bench_methods_name(BenchResult *result)
{
    for (int m = 0; m < result->n_methods; m++) {
        Method *method = &result->methods[m];
        const BenchDraft *draft = &result->drafts[method->draft];
        DrafterChoice choice = {.kind = drafter_find("plain")};
        TreeShape shape = {.width = 1};
        if (method->drafter[0])
            drafter_parse(method->drafter, &choice);
        const DrafterKind *kind = choice.kind;
        int exit = choice.layer;
        tree_parse(method->tree, &shape);
        bool head = drafter_is_head(kind);
        bool drafts = head || kind->model == DRAFTER_MODEL_DRAFT;
        bool tree = shape.width != 1 && drafts;
        exit = kind->exits == DRAFTER_EXITS_LAST ? draft->layers : exit;
        title_of(draft, kind, exit, method->title, sizeof method->title);
        if (tree) {
            size_t used = strlen(method->title);
            snprintf(method->title + used, sizeof method->title - used, ", tree");
        }
        method->published =
            drafts && (head || draft->n_exits > 0) ? counterpart(draft, kind, exit, tree) : NULL;
    }
}
