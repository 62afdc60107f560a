/* test_room.c - several targets in memory: nothing that was loaded goes without being asked for,
 * and what goes first was used least recently.
 *
 * The worker runs in this process, on kernels that have as much memory as the test says; its events
 * go to a file.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/protocol/event_json.h"
#include "app/worker/worker.h"
#include "tests/support/model_folder.h"

static ModelFolder folder;
static Worker *worker;
static size_t memory; /* that there is for models and the session */

static size_t session_takes(const ModelConfig *config)
{
    const Profile *profile = &worker->load.profile;
    return session_bytes(worker->kernels, config, NULL, NULL, profile->kv, profile->context);
}

static size_t in_use(void)
{
    size_t bytes = models_bytes(&worker->models);
    return worker->session ? bytes + session_takes(&session_target(worker->session)->config)
                           : bytes;
}

/* Of one that is not held. */
static size_t needs(const char *file)
{
    char path[256];
    ModelPlan plan;
    assert_int_equal(
        models_plan(&worker->models, model_folder_file(&folder, file, path), &plan, NULL), 0);
    size_t bytes = plan.weight_bytes + session_takes(&plan.config);
    models_plan_close(&plan);
    return bytes;
}

static size_t memory_free(Kernels *k)
{
    (void)k;
    return memory > in_use() ? memory - in_use() : 0;
}

static EventSwitch last_switch;
static int requests[2];

/* Switches and reads what the worker says of it. */
static SwitchStage switch_to(const char *file, bool unload)
{
    char path[256], line[1 << 14];
    RequestSwitch swap = {.index = -1, .unload = unload};
    Event event;
    int out = dup(STDOUT_FILENO), said = memfd_create("events", 0);
    swap.name = model_folder_file(&folder, file, path);
    fflush(stdout);
    assert_true(out >= 0 && said >= 0 && dup2(said, STDOUT_FILENO) >= 0);
    worker_switch(worker, &swap, false);
    dup2(out, STDOUT_FILENO);
    close(out);
    FILE *lines = fdopen(said, "r");
    rewind(lines);
    while (fgets(line, sizeof line, lines)) {
        assert_int_equal(event_from_line(&event, line, strlen(line), NULL), 0);
        if (event.type == EVENT_SWITCH)
            last_switch = event.u.swap;
        event_free(&event);
    }
    fclose(lines);
    return last_switch.stage;
}

static bool holds(const char *name)
{
    for (int i = 0; i < worker->models.n; i++)
        if (strcmp(worker->models.models[i]->name, name) == 0)
            return true;
    return false;
}

static int setup(void **state)
{
    Request request = {.type = REQUEST_LOAD};
    RequestLoad *load = &request.u.load;
    (void)state;
    worker = calloc(1, sizeof *worker);
    if (!worker || model_folder_make(&folder) != 0 ||
        kernels_open(&worker->kernels, &(KernelsOptions){.device = "cpu", .threads = 1}, NULL) != 0)
        return -1;
    worker->kernels->memory_free = memory_free;
    worker->models.kernels = worker->kernels;
    worker->confined = true; /* as good as */
    if (pipe(requests) != 0)
        return -1;
    worker->inbox.fd = requests[0]; /* none come */
    char path[256], *model = strdup(model_folder_file(&folder, "target.gguf", path));
    load->profile = (Profile){.n_targets = 1,
                              .targets = {{.model = model}},
                              .tree_auto = true,
                              .top_p = 1,
                              .context = 64};
    strcpy(worker->load.isa, "auto");
    strcpy(load->isa, "auto");
    memory = (size_t)1 << 30;
    int out = dup(STDOUT_FILENO), nowhere = memfd_create("events", 0);
    fflush(stdout);
    dup2(nowhere, STDOUT_FILENO);
    worker_load(worker, load);
    dup2(out, STDOUT_FILENO);
    close(out);
    close(nowhere);
    return worker->session ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    worker_close(worker);
    free(worker);
    close(requests[0]);
    close(requests[1]);
    model_folder_remove(&folder);
    return 0;
}

static void nothing_goes_unasked(void **state)
{
    (void)state;
    assert_int_equal(switch_to("second.gguf", false), SWITCH_DONE);
    assert_int_equal(switch_to("target.gguf", false),
                     SWITCH_DONE);                                 /* "second" is the oldest now, */
    assert_int_equal(switch_to("draft.gguf", false), SWITCH_DONE); /* then "target" */
    assert_true(holds("target") && holds("second") && holds("draft"));

    memory = in_use() + needs("spm.gguf") - 1;
    assert_int_equal(switch_to("spm.gguf", false), SWITCH_FAILED);
    assert_int_equal(last_switch.room, SWITCH_ROOM_UNLOAD);
    assert_non_null(strstr(last_switch.reason, "spm needs"));
    assert_non_null(strstr(last_switch.reason, "unloading second brings"));
    assert_true(holds("target") && holds("second") && holds("draft"));
    assert_string_equal(session_target(worker->session)->name, "draft");

    assert_int_equal(switch_to("spm.gguf", true), SWITCH_DONE);
    assert_true(holds("target") && !holds("second") && holds("draft") && holds("spm"));
    assert_string_equal(session_target(worker->session)->name, "spm");
}

/* What the current target takes is not unloaded for another one, only offered. */
static void the_current_target_stays(void **state)
{
    (void)state;
    memory = in_use();
    for (int unload = 0; unload < 2; unload++) {
        assert_int_equal(switch_to("second.gguf", unload), SWITCH_FAILED);
        assert_int_equal(last_switch.room, SWITCH_ROOM_REPLACE);
        assert_non_null(strstr(last_switch.reason, "in the place of target, not beside it"));
        assert_string_equal(session_target(worker->session)->name, "target");
    }
    assert_int_equal(switch_to("huge.gguf", true), SWITCH_FAILED);
    assert_int_equal(last_switch.room, SWITCH_ROOM_NONE);
    assert_true(holds("target"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_goes_unasked, setup, teardown),
        cmocka_unit_test_setup_teardown(the_current_target_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
