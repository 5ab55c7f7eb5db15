/* SPDX-License-Identifier: MIT */
/*
 * pointer.c - /ptr/0: the local seat's pointer, as something to lend. A borrower hears relative
 * motion: where it points is his affair.
 */
#include <linux/input-event-codes.h>

#include "boxes/lend.h"
#include "cursor.h"
#include "output.h"
#include "server.h"

static bool is_ours(const struct input_event *event) {
	switch (event->type) {
	case INPUT_MOTION:
	case INPUT_MOTION_ABSOLUTE:
	case INPUT_BUTTON:
	case INPUT_AXIS:
	case INPUT_FRAME:
		return true;
	case INPUT_KEY:
	case INPUT_MODIFIERS:
		return false;
	}
	return false;
}

static int32_t to_fixed(double value) {
	return (int32_t)(value * 65536);
}

static void greet(struct lent *lent) {
}

static void tell_scroll(struct lent *lent, const struct input_event *event) {
	bool vertical = event->axis.orientation == WL_POINTER_AXIS_VERTICAL_SCROLL;
	struct input_record record = {
		.time_ns = lend_now_ns(),
		.type = EV_REL,
		.code = vertical ? REL_WHEEL_HI_RES : REL_HWHEEL_HI_RES,
		.value = vertical ? -event->axis.discrete : event->axis.discrete,
		.x = vertical ? 0 : to_fixed(event->axis.delta),
		.y = vertical ? to_fixed(event->axis.delta) : 0,
	};
	lend_record(lent, &record);
}

static void tell(struct lent *lent, const struct input_event *event) {
	struct input_record record = {.time_ns = lend_now_ns()};
	switch (event->type) {
	case INPUT_MOTION:
		record.type = EV_REL;
		record.code = REL_X;
		record.x = to_fixed(event->motion.dx);
		record.y = to_fixed(event->motion.dy);
		lend_record(lent, &record);
		break;
	case INPUT_MOTION_ABSOLUTE: {
		// A tablet in a window: its motion is the way from where the local pointer stands.
		struct cursor *cursor = lent->env->server->cursor;
		const struct output *output = outputs_focused(lent->env->server->outputs);
		if (output) {
			double x = output->geom.x + event->absolute.x * output->geom.width;
			double y = output->geom.y + event->absolute.y * output->geom.height;
			record.type = EV_REL;
			record.code = REL_X;
			record.x = to_fixed(x - cursor->wlr->x);
			record.y = to_fixed(y - cursor->wlr->y);
			wlr_cursor_warp(cursor->wlr, NULL, x, y);
			lend_record(lent, &record);
		}
		break;
	}
	case INPUT_BUTTON:
		record.type = EV_KEY;
		record.code = (uint16_t)event->button.code;
		record.value = event->button.pressed;
		lend_record(lent, &record);
		break;
	case INPUT_AXIS:
		tell_scroll(lent, event);
		break;
	case INPUT_FRAME:
	case INPUT_KEY:
	case INPUT_MODIFIERS:
		break;
	}
}

static void let_go(struct lent *lent) {
	cursor_take(lent->env->server->cursor, "default");
}

static const struct lend_device device = {
	.what = "pointer",
	.is_ours = is_ours,
	.greet = greet,
	.tell = tell,
	.let_go = let_go,
};

static bool pointer_init(struct box_env *env) {
	struct box *parent = box_create(box_tree_root(env->tree), "ptr", &box_type_dir, "dir", NULL);
	return parent && lend_create(parent, env, &device, NULL);
}

const struct boxland_type boxland_type_pointer = {.init = pointer_init};
