/* SPDX-License-Identifier: MIT */
/*
 * ns.c - /ns/ID: the name spaces of this node's programs. Getmem of one tells it as lines, in search
 * order; its inner boxes are bind/N, a binding each, cast/FROM:TO, a conversion of types each, and
 * dot, the current box.
 *
 * What names mean is box/ns.c's and choose.c's.
 */
#include "boxes/env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "box/name.h"
#include "spaces.h"

#define DOT_MAX OP_MAX_NAME

struct shown { // a name space as a box
	struct box_env *env;
	struct space *space;
	struct box *box, *binds, *casts, *dot;
	struct wl_list namings; // naming.link
};

static void answer_text(struct req *req, struct buf *text, bool good) {
	if (good) {
		op_set(req_reply(req), OP_F_TYPE, "text");
		req_ok_bytes(req, text->size > 0 ? buf_front(text) : NULL, text->size);
	} else {
		req_fail(req, OP_EIO, "out of memory");
	}
	buf_finish(text);
}

/* A binding. */

struct bound {
	struct shown *shown;
	unsigned int number;
};

static const struct ns_binding *binding_of(const struct box *box) {
	const struct bound *bound = box->data;
	return ns_find(&bound->shown->space->ns, bound->number);
}

static void bound_describe(struct box *box, struct op_head *entry) {
	const struct ns_binding *binding = binding_of(box);
	if (!binding) {
		return; // about to go
	}
	op_add(entry, OP_F_PREFIX, binding->prefix);
	op_set(entry, OP_F_TO, binding->target);
	if (binding->any) {
		op_set_flag(entry, OP_F_ANY);
	}
	if (binding->want) {
		op_set(entry, OP_F_WANT, binding->want);
	}
}

static void bound_getmem(struct box *box, struct req *req) {
	const struct ns_binding *binding = binding_of(box);
	struct buf text;
	buf_init(&text);
	answer_text(req, &text, space_print_binding(binding, &text));
}

static void bound_delete(struct box *box, struct req *req) {
	struct bound *bound = box->data;
	struct shown *shown = bound->shown;
	ns_unbind(&shown->space->ns, ns_find(&shown->space->ns, bound->number));
	box_destroy(box);
	box_changed(shown->box);
	req_ok(req);
}

static void bound_destroy(struct box *box) {
	free(box->data);
}

static const struct box_type bound_type = {
	.name = "binding",
	.fn = {[OP_GETMEM] = bound_getmem, [OP_DELETE] = bound_delete},
	.describe = bound_describe,
	.destroy = bound_destroy,
};

static bool show_binding(struct shown *shown, const struct ns_binding *binding) {
	struct bound *bound = calloc(1, sizeof(*bound));
	char name[16];
	if (!bound) {
		return false;
	}
	bound->shown = shown;
	bound->number = binding->number;
	snprintf(name, sizeof(name), "%u", binding->number);
	if (!box_create(shown->binds, name, &bound_type, "binding", bound)) {
		free(bound);
		return false;
	}
	return true;
}

// The new one took the place of others, and maybe a number of theirs.
static void hide_replaced(struct shown *shown, const struct ns_binding *made) {
	struct box *box, *next;
	wl_list_for_each_safe(box, next, &shown->binds->inner, link) {
		const struct bound *bound = box->data;
		if (bound->number == made->number || !binding_of(box)) {
			box_destroy(box);
		}
	}
}

static void binds_make(struct box *parent, struct req *req) {
	struct shown *shown = parent->data;
	const char *order = op_get(req->head, OP_F_ORDER), *to = op_get(req->head, OP_F_TO);
	int place = order ? ns_order_by_name(order) : NS_BELOW;
	size_t at = 0;
	const char *prefix = op_each(req->head, OP_F_PREFIX, &at);
	struct op_refusal why;
	struct ns_binding *made;
	if (!prefix || !to || place < 0 || op_each(req->head, OP_F_PREFIX, &at)) {
		req_fail(req, OP_EARG, "a binding needs one prefix, and what it is bound to in the field to; type "
			"is what a box must be to be meant, order above, below or only");
		return;
	}
	const struct ns_binding binding = {
		.prefix = (char *)(uintptr_t)prefix,
		.target = (char *)(uintptr_t)to,
		.any = op_has(req->head, OP_F_ANY),
		.want = (char *)(uintptr_t)op_get(req->head, OP_F_TYPE),
	};
	if (ns_bind(&shown->space->ns, &binding, (enum ns_order)place, &made, &why) != OP_OK) {
		req_refuse(req, &why);
		return;
	}
	hide_replaced(shown, made);
	if (!show_binding(shown, made)) {
		ns_unbind(&shown->space->ns, made);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	op_setf(req_reply(req), OP_F_NAME, "/ns/%s/bind/%u", shown->space->id, made->number);
	box_changed(shown->box);
	req_ok(req);
}

static const struct box_type binds_type = {
	.name = "bindings",
	.fn = {[OP_MAKE] = binds_make},
	.names = true,
};

/* A cast. */

static struct cast *cast_of(const struct box *box) {
	return box->data;
}

static void cast_describe(struct box *box, struct op_head *entry) {
	const struct cast *cast = cast_of(box);
	op_set(entry, OP_F_TITLE, cast->prog ? cast->prog : "(as it is)");
	if (cast->prog) {
		op_set(entry, OP_F_PROG, cast->prog);
	}
	if (cast->want) {
		op_set(entry, OP_F_WANT, cast->want);
	}
	for (size_t i = 0; cast->prog && cast->args[i]; i++) {
		op_add(entry, OP_F_ARG, cast->args[i]);
	}
}

static void cast_getmem(struct box *box, struct req *req) {
	struct buf text;
	buf_init(&text);
	answer_text(req, &text, space_print_cast(cast_of(box), &text));
}

static void cast_delete(struct box *box, struct req *req) {
	struct box *parent = box->parent;
	const struct shown *shown = parent->data;
	struct cast *cast = cast_of(box);
	box_destroy(box);
	casts_remove(cast);
	box_changed(shown->box);
	req_ok(req);
}

static const struct box_type cast_type = {
	.name = "cast",
	.fn = {[OP_GETMEM] = cast_getmem, [OP_DELETE] = cast_delete},
	.describe = cast_describe,
};

static bool show_cast(struct shown *shown, struct cast *cast) {
	char name[OP_MAX_COMPONENT + 1];
	return snprintf(name, sizeof(name), "%s:%s", cast->from, cast->to) < (int)sizeof(name) &&
		box_create(shown->casts, name, &cast_type, "cast", cast);
}

static enum op_code add_cast(struct shown *shown, const struct req *req, struct cast **made,
		struct op_refusal *why) {
	char name[OP_MAX_COMPONENT + 1], *to;
	const char *args[CAST_ARGS + 1];
	size_t at = 0, count = 0;
	snprintf(name, sizeof(name), "%s", req->rest);
	while (count <= CAST_ARGS && (args[count] = op_each(req->head, OP_F_ARG, &at))) {
		count++;
	}
	if (count > CAST_ARGS) {
		return op_refuse(why, OP_E2BIG, "a converter has at most %d arguments: put them into a script",
			CAST_ARGS);
	}
	if (cast_split(name, &to, why) != OP_OK) {
		return why->code;
	}
	const struct cast cast = {
		.from = name,
		.to = to,
		.prog = (char *)(uintptr_t)op_get(req->head, OP_F_PROG),
		.args = (char **)(uintptr_t)args,
		.want = (char *)(uintptr_t)op_get(req->head, OP_F_TYPE),
	};
	return casts_add(&shown->space->ns.casts, &cast, made, why);
}

static void casts_make(struct box *parent, struct req *req) {
	struct shown *shown = parent->data;
	struct op_refusal why;
	struct cast *cast;
	if (add_cast(shown, req, &cast, &why) != OP_OK) {
		req_refuse(req, &why);
	} else if (!show_cast(shown, cast)) {
		casts_remove(cast);
		req_fail(req, OP_EIO, "out of memory");
	} else {
		op_setf(req_reply(req), OP_F_NAME, "/ns/%s/cast/%s", shown->space->id, req->rest);
		box_changed(shown->box);
		req_ok(req);
	}
}

static const struct box_type casts_type = {
	.name = "casts",
	.fn = {[OP_MAKE] = casts_make},
};

/* The current box. */

struct naming { // a name being put
	struct wl_list link; // shown.namings
	struct shown *shown;
	struct req *req;
	struct buf bytes;
};

static void dot_getmem(struct box *box, struct req *req) {
	const struct shown *shown = box->data;
	struct buf text;
	buf_init(&text);
	answer_text(req, &text, buf_printf(&text, "%s", shown->space->ns.dot));
}

static void naming_destroy(struct naming *naming) {
	wl_list_remove(&naming->link);
	buf_finish(&naming->bytes);
	free(naming);
}

static void naming_data(struct req *req, const void *bytes, size_t size) {
	struct naming *naming = req->data;
	if (size > DOT_MAX - naming->bytes.size) {
		naming_destroy(naming);
		req_fail(req, OP_E2BIG, "a name is at most %d bytes", DOT_MAX);
	} else if (!buf_append(&naming->bytes, bytes, size)) {
		naming_destroy(naming);
		req_fail(req, OP_EIO, "out of memory");
	}
}

static void naming_end(struct req *req) {
	struct naming *naming = req->data;
	struct shown *shown = naming->shown;
	struct op_refusal why = {.code = OP_EIO, .sentence = "out of memory"};
	bool whole = buf_append(&naming->bytes, "", 1);
	char *name = whole ? (char *)buf_front(&naming->bytes) : NULL;
	if (name && strlen(name) + 1 == naming->bytes.size) {
		name[strcspn(name, "\n")] = '\0';
		whole = ns_set_dot(&shown->space->ns, name, &why) == OP_OK;
	} else if (name) {
		op_refuse(&why, OP_EARG, "byte 0 is in no name");
		whole = false;
	}
	naming_destroy(naming);
	if (whole) {
		box_changed(shown->dot);
		req_ok(req);
	} else {
		req_refuse(req, &why);
	}
}

static void naming_gone(struct req *req) {
	naming_destroy(req->data);
}

static void dot_putmem(struct box *box, struct req *req) {
	static const struct req_events events = {
		.data = naming_data, .end = naming_end, .gone = naming_gone,
	};
	if (op_body_of(req->head, NULL) == OP_BODY_FRAMES) {
		req_fail(req, OP_EUNSUPP, "dot takes bytes, not frames: body N, or body chunks");
		return;
	}
	struct naming *naming = calloc(1, sizeof(*naming));
	if (!naming) {
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	naming->shown = box->data;
	naming->req = req;
	wl_list_insert(&naming->shown->namings, &naming->link);
	buf_init(&naming->bytes);
	req->data = naming;
	req->events = &events;
}

static void dot_destroy(struct box *box) {
	struct shown *shown = box->data;
	struct naming *naming, *next;
	wl_list_for_each_safe(naming, next, &shown->namings, link) {
		struct req *req = naming->req;
		naming_destroy(naming);
		req_fail(req, OP_ENOENT, "the name space was deleted");
	}
}

static const struct box_type dot_type = {
	.name = "dot",
	.fn = {[OP_GETMEM] = dot_getmem, [OP_PUTMEM] = dot_putmem},
	.takes_body = 1 << OP_PUTMEM,
	.destroy = dot_destroy,
};

/* A name space. */

static void ns_getmem(struct box *box, struct req *req) {
	const struct shown *shown = box->data;
	struct buf text;
	buf_init(&text);
	answer_text(req, &text, space_print(shown->space, &text));
}

static void ns_delete(struct box *box, struct req *req) {
	box_destroy(box);
	req_ok(req);
}

static void ns_destroy(struct box *box) {
	struct shown *shown = box->data;
	if (shown->space != spaces_default(shown->env->spaces)) {
		space_destroy(shown->env->spaces, shown->space);
	}
	free(shown);
}

static const struct box_type ns_type = {
	.name = "ns",
	.fn = {[OP_GETMEM] = ns_getmem, [OP_DELETE] = ns_delete},
	.destroy = ns_destroy,
};

// There from the start, and to the end.
static const struct box_type default_type = {
	.name = "ns",
	.fn = {[OP_GETMEM] = ns_getmem},
	.destroy = ns_destroy,
};

static bool show(struct box_env *env, struct box *parent, struct space *space) {
	const struct ns_binding *binding;
	struct shown *shown = calloc(1, sizeof(*shown));
	if (!shown) {
		return false;
	}
	shown->env = env;
	shown->space = space;
	wl_list_init(&shown->namings);
	shown->box = box_create(parent, space->id,
		space == spaces_default(env->spaces) ? &default_type : &ns_type, "ns", shown);
	if (!shown->box) {
		free(shown);
		return false;
	}
	shown->binds = box_create(shown->box, "bind", &binds_type, "dir", shown);
	shown->casts = box_create(shown->box, "cast", &casts_type, "dir", shown);
	shown->dot = box_create(shown->box, "dot", &dot_type, "text", shown);
	bool good = shown->binds && shown->casts && shown->dot;
	wl_list_for_each(binding, &space->ns.bindings, link) {
		good = good && show_binding(shown, binding);
	}
	struct cast *cast;
	wl_list_for_each(cast, &space->ns.casts.list, link) {
		good = good && show_cast(shown, cast);
	}
	return good;
}

static void nss_make(struct box *parent, struct req *req) {
	struct box_env *env = parent->data;
	const char *from = op_get(req->head, OP_F_FROM);
	const struct space *origin = spaces_find(env->spaces, from);
	struct op_refusal why;
	if (!origin) {
		req_fail(req, OP_ENOENT, "no name space %s to copy (box ls /ns shows which are)", from);
		return;
	}
	struct space *space = space_create(env->spaces, req->rest, origin, &why);
	if (!space) {
		req_refuse(req, &why);
	} else if (!show(env, parent, space)) {
		struct box *box = box_inner(parent, space->id);
		if (box) {
			box_destroy(box);
		} else {
			space_destroy(env->spaces, space);
		}
		req_fail(req, OP_EIO, "out of memory");
	} else {
		op_set(req_reply(req), OP_F_NAME, op_get(req->head, OP_F_NAME));
		req_ok(req);
	}
}

static const struct box_type nss_type = {
	.name = "nss",
	.fn = {[OP_MAKE] = nss_make},
};

static bool init(struct box_env *env) {
	struct box *parent = box_create(box_tree_root(env->tree), "ns", &nss_type, "dir", env);
	return parent && show(env, parent, spaces_default(env->spaces));
}

const struct boxd_type boxd_type_ns = {.init = init};
