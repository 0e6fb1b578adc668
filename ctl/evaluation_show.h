/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FDB_CTL_EVALUATION_SHOW_H
#define FDB_CTL_EVALUATION_SHOW_H

/* The screen of `explain`, and its JSON. */

#include "ctl/command.h"
#include "ctl/evaluation.h"
#include "ctl/json.h"

/* Add what is known of a caller, in one line without its end. */
void evaluation_add_caller(struct text *out, const struct policy_subject *subject);

/* The steps and the answer, numbered as in fdbroker.policy(5). */
void evaluation_add(const struct ctl *ctl, const struct evaluation *evaluation, struct text *out);

/* The same as members of @object. */
void evaluation_json(const struct evaluation *evaluation, struct json_object *object);

/* `makes`, where the answer tells what may be made, and `only_times`, where that is so. */
void evaluation_add_only(const struct answer *answer, struct json_object *object);

/* The nearest rule; NULL, which is null, where there is none. */
struct json_object *evaluation_nearest_json(const struct nearest *nearest);

#endif
