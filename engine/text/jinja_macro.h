/* jinja_macro.h - inside engine/text: a template's macros. */
#ifndef S2D_ENGINE_TEXT_JINJA_MACRO_H
#define S2D_ENGINE_TEXT_JINJA_MACRO_H

#include "engine/text/jinja_scope.h"

/* {% macro name(a, b=c) %}, behind `macro`, up to its end. */
void jinja_define(Jinja *jinja, bool live);
/* What a call of it writes: a Jinja's `call`. */
Value jinja_call(Jinja *jinja, Value macro, const Value *arguments, int n, JinjaObject *named);

#endif
