/* head_chain.h - what a head drafts behind a text whose features are given, as tests/references/heads.py
 * has it: without a pass of the target. Trouble fails the test. */
#ifndef S2D_TESTS_SUPPORT_HEAD_CHAIN_H
#define S2D_TESTS_SUPPORT_HEAD_CHAIN_H

#include <jansson.h>

#include "engine/decode/tree.h"
#include "engine/model/head.h"

/* A tree from the end of a text of n tokens. Features of the places before: tiny_numbers. */
void head_tree(Model *target, Head *head, const int *text, int n, TreeShape shape, Tree *tree);

/* The head drafts the chain of a reference's row, each token as likely. */
void assert_head_chain(Model *target, Head *head, const json_t *row);

#endif
