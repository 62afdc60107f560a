/* worker_template.c - the chat template that a worker writes conversations in, and its settings. */
#include <stdio.h>
#include <string.h>

#include "app/worker/worker.h"

int worker_form(const Worker *worker, Model *target, TemplateForm *form, Err *err)
{
    const char *name = worker->load.profile.template;
    struct tm date;
    TemplateKind kind;
    if (name) {
        if (template_by_name(&kind, name) != 0)
            return err_set(err, EXIT_DATA, "template: \"%s\" is not known", name);
        *form = template_plain(kind);
        return 0;
    }
    if (worker->load.profile.date[0] && template_date(&date, worker->load.profile.date) == 0)
        model_set_date(target, &date);
    if (!target->has_template)
        return err_set(err, target->template_err.code, "%s", target->template_err.text);
    *form = target->template;
    return 0;
}

const char *worker_begun_thoughts(const Worker *worker)
{
    TemplateForm form;
    if (worker_form(worker, session_target(worker->session), &form, NULL) != 0)
        return "";
    const char *lead = form.words[template_thinks(&form, worker->load.profile.think)].lead;
    return strstr(lead, "</think>") ? "" : lead;
}

void worker_describe_template(Worker *worker, EventReady *ready)
{
    TemplateForm form;
    if (worker_form(worker, session_target(worker->session), &form, NULL) != 0)
        return;
    bool thinks = template_thinks(&form, worker->load.profile.think);
    if (form.has_switch)
        strcpy(ready->thinking, thinks ? "on" : "off");
    if (form.dated)
        strftime(ready->date, sizeof ready->date, "%Y-%m-%d",
                 &session_target(worker->session)->date);
}
