/* jinja_expr.h - inside engine/text: computes the expressions of a template as it reads them. */
#ifndef S2D_ENGINE_TEXT_JINJA_EXPR_H
#define S2D_ENGINE_TEXT_JINJA_EXPR_H

#include "engine/text/jinja_scope.h"

/* The value of the expression that begins at the token; the token behind it is looked at then. */
Value jinja_expression(Jinja *jinja);
/* The same without `a if b else c`: what is looped over. */
Value jinja_or(Jinja *jinja);

#endif
