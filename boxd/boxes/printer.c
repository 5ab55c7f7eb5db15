/* SPDX-License-Identifier: MIT */
/*
 * printer.c - /printer/Q: the print queues of this machine, as CUPS tells of them. A putmem prints
 * (printer_put.c); one to /printer itself goes to the printer that suits it best.
 *
 * CUPS is asked when somebody asks, and its answer holds a short while: nothing is polled. Without cupsd
 * /printer is there and empty. Which formats a printer takes stands in its constraint, whether it is
 * idle in its state. Printers are set up with CUPS's own tools, not here.
 */
#include "boxes/printer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOG_MODULE "printer"
#include "base/log.h"
#include "box/name.h"
#include "box/tree.h"
#include "config.h"

#define THREADS 2       // one may wait for a job, and one ask what there is
#define FRESH_MS 2000   // an answer of CUPS holds
#define SILENT_MS 10000 // likewise that there is none: it took seconds

struct waiting { // a request that is served when CUPS has told
	struct wl_list link; // printers.waiting
	struct req *req;
	void (*serve)(struct printers *printers, struct req *req);
};

// CUPS may lose sight of a queue for a moment: when it comes back, who may print there is as it was.
struct kept_list {
	struct wl_list link; // printers.kept
	char name[OP_MAX_COMPONENT + 1];
	struct acl *acl;
};

struct listing { // on its way through the pool
	struct printers *printers;
	char machine[64];
	struct wl_list queues; // cups_queue.link
	enum cups_answer answer;
};

static int64_t now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A printer. */

static void printer_describe(struct box *box, struct op_head *entry) {
	const struct printer *printer = box->data;
	op_set(entry, OP_F_STATE, printer->told.state);
	if (printer->told.title[0]) {
		op_set(entry, OP_F_TITLE, printer->told.title);
	}
}

static void printer_putmem(struct box *box, struct req *req) {
	struct printer *printer = box->data;
	printer_put(printer->printers, printer, req);
}

static void printer_destroy(struct box *box) {
	struct printer *printer = box->data;
	printer_puts_forget(printer->printers, printer);
	free(printer);
}

static const struct box_type printer_type = {
	.name = "printer",
	.fn = {[OP_PUTMEM] = printer_putmem},
	.takes_body = 1 << OP_PUTMEM,
	.describe = printer_describe,
	.destroy = printer_destroy,
};

// boxd.conf may have lines for it, from before it was there.
static void set_access(struct box *box) {
	const struct config *config = ((struct printer *)box->data)->printers->env->config;
	struct config_access *access;
	wl_list_for_each(access, &config->access, link) {
		const char *below = name_below("/printer", access->box);
		struct op_refusal why;
		if (below && strcmp(below, box->name) == 0 && box_set_acl(box, access->line, &why) != OP_OK) {
			log_error("access %s: %s", access->box, why.sentence);
		}
	}
}

static void kept_destroy(struct kept_list *kept) {
	wl_list_remove(&kept->link);
	free(kept->acl);
	free(kept);
}

// false: no memory, so the box must stay.
static bool keep_access(struct printers *printers, struct box *box) {
	if (!box->acl) {
		return true;
	}
	struct kept_list *kept = calloc(1, sizeof(*kept));
	struct acl *acl = malloc(sizeof(*acl));
	if (!kept || !acl) {
		free(kept);
		free(acl);
		return false;
	}
	*acl = *box->acl;
	kept->acl = acl;
	snprintf(kept->name, sizeof(kept->name), "%s", box->name);
	wl_list_insert(&printers->kept, &kept->link);
	return true;
}

// false: there was none.
static bool restore_access(struct printers *printers, struct box *box) {
	struct kept_list *kept;
	wl_list_for_each(kept, &printers->kept, link) {
		if (strcmp(kept->name, box->name) == 0) {
			box_replace_acl(box, kept->acl);
			kept->acl = NULL;
			kept_destroy(kept);
			return true;
		}
	}
	return false;
}

static void add_printer(struct printers *printers, const struct cups_queue *told) {
	struct printer *printer = calloc(1, sizeof(*printer));
	if (!printer) {
		return;
	}
	printer->printers = printers;
	printer->told = *told;
	printer->box = box_create(printers->root, told->name, &printer_type, told->cnstr, printer);
	if (!printer->box) {
		free(printer);
	} else if (!restore_access(printers, printer->box)) {
		set_access(printer->box);
	}
}

/* What CUPS told becomes boxes. */

static const struct cups_queue *find_queue(const struct listing *listing, const char *name) {
	const struct cups_queue *queue;
	wl_list_for_each(queue, &listing->queues, link) {
		if (strcmp(queue->name, name) == 0) {
			return queue;
		}
	}
	return NULL;
}

static void update_printer(struct printer *printer, const struct cups_queue *told) {
	const struct cups_queue *known = &printer->told;
	bool same = strcmp(known->cnstr, told->cnstr) == 0 && strcmp(known->state, told->state) == 0 &&
		strcmp(known->title, told->title) == 0;
	if (strcmp(known->cnstr, told->cnstr) != 0 && !box_set_cnstr(printer->box, told->cnstr)) {
		return;
	}
	printer->told = *told;
	if (!same) {
		box_changed(printer->box);
	}
}

// What can be printed on one printer or another: by that /any/printer is chosen.
static void update_root(struct printers *printers) {
	char cnstr[OP_MAX_CNSTR + 1];
	uint32_t takes = 0;
	bool colour = false;
	struct box *box;
	size_t size = (size_t)snprintf(cnstr, sizeof(cnstr), "printer!*!*!node=%s",
		printers->env->config->machine);
	wl_list_for_each(box, &printers->root->inner, link) {
		const struct printer *printer = box->data;
		takes |= printer->told.accepts ? printer->told.takes : 0;
		colour = colour || printer->told.colour;
	}
	for (int i = 0; i < PRINTER_FORMATS; i++) {
		if (takes & 1u << i) {
			size += (size_t)snprintf(cnstr + size, sizeof(cnstr) - size, "!%s=yes",
				printer_format_word((enum printer_format)i));
		}
	}
	snprintf(cnstr + size, sizeof(cnstr) - size, "%s", colour ? "!colour=yes" : "");
	const char *is = wl_list_empty(&printers->root->inner) ? "dir" : cnstr;
	if (strcmp(is, printers->root->cnstr) != 0 && box_set_cnstr(printers->root, is)) {
		box_changed(printers->root);
	}
}

static void take(struct printers *printers, const struct listing *listing) {
	struct box *box, *next;
	wl_list_for_each_safe(box, next, &printers->root->inner, link) {
		if (!find_queue(listing, box->name) && keep_access(printers, box)) {
			box_destroy(box);
		}
	}
	const struct cups_queue *queue;
	wl_list_for_each(queue, &listing->queues, link) {
		box = box_inner(printers->root, queue->name);
		if (box) {
			update_printer(box->data, queue);
		} else {
			add_printer(printers, queue);
		}
	}
	update_root(printers);
}

static void listing_destroy(struct listing *listing) {
	struct cups_queue *queue, *next;
	wl_list_for_each_safe(queue, next, &listing->queues, link) {
		wl_list_remove(&queue->link);
		free(queue);
	}
	free(listing);
}

static void serve_waiting(struct printers *printers) {
	struct wl_list list;
	wl_list_init(&list);
	wl_list_insert_list(&list, &printers->waiting);
	wl_list_init(&printers->waiting);
	while (!wl_list_empty(&list)) {
		struct waiting *waiting = wl_container_of(list.next, waiting, link);
		struct waiting now = *waiting;
		wl_list_remove(&waiting->link);
		free(waiting);
		now.serve(printers, now.req);
	}
}

static void run_listing(void *data) {
	struct listing *listing = data;
	listing->answer = cups_list(&listing->queues, listing->machine);
}

static void listing_done(void *data, bool cancelled) {
	struct listing *listing = data;
	struct printers *printers = listing->printers;
	printers->listing = NULL;
	if (!cancelled && !printers->ending) {
		printers->fresh_until_ms = now_ms() + (listing->answer == CUPS_SILENT ? SILENT_MS : FRESH_MS);
		if (listing->answer == CUPS_SILENT) {
			log_info("CUPS does not answer: what it told before is taken for true");
		} else {
			take(printers, listing);
		}
		serve_waiting(printers);
	}
	listing_destroy(listing);
}

// false: no memory.
static bool ask_cups(struct printers *printers) {
	struct listing *listing = printers->listing ? NULL : calloc(1, sizeof(*listing));
	if (!listing) {
		return printers->listing;
	}
	listing->printers = printers;
	snprintf(listing->machine, sizeof(listing->machine), "%s", printers->env->config->machine);
	wl_list_init(&listing->queues);
	if (!work_add(printers->pool, run_listing, listing_done, listing)) {
		free(listing);
		return false;
	}
	printers->listing = listing;
	return true;
}

static void waiting_gone(struct req *req) {
	struct waiting *waiting = req->data;
	wl_list_remove(&waiting->link);
	free(waiting);
}

// Serves the request when the boxes are what CUPS says.
static void serve_fresh(struct printers *printers, struct req *req,
		void (*serve)(struct printers *printers, struct req *req)) {
	static const struct req_events events = {.gone = waiting_gone};
	if (now_ms() < printers->fresh_until_ms) {
		serve(printers, req);
		return;
	}
	struct waiting *waiting = calloc(1, sizeof(*waiting));
	if (!waiting || !ask_cups(printers)) {
		free(waiting);
		req_fail(req, OP_EIO, "out of memory");
		return;
	}
	*waiting = (struct waiting){.req = req, .serve = serve};
	wl_list_insert(printers->waiting.prev, &waiting->link);
	req->data = waiting;
	req->events = &events;
}

/* /printer */

static void serve_kind(struct printers *printers, struct req *req) {
	req->events = NULL;
	req->data = NULL;
	box_serve_kind(printers->root, req);
}

static void serve_selectors(struct printers *printers, struct req *req) {
	req->events = NULL;
	req->data = NULL;
	box_serve_selectors(printers->root, req);
}

static void serve_putmem(struct printers *printers, struct req *req) {
	req->events = NULL;
	req->data = NULL;
	req_pause(req, false);
	printer_put(printers, NULL, req);
}

static void root_kind(struct box *box, struct req *req) {
	serve_fresh(box->data, req, serve_kind);
}

static void root_selectors(struct box *box, struct req *req) {
	serve_fresh(box->data, req, serve_selectors);
}

static void root_putmem(struct box *box, struct req *req) {
	req_pause(req, true);
	serve_fresh(box->data, req, serve_putmem);
}

// Making is refused as at any other box: by the rights on what it would be in, and as not served.
static void refuse_make(struct printers *printers, struct req *req) {
	struct req_found *found = calloc(1, sizeof(*found));
	if (found) {
		char *name = strndup(req->rest, strcspn(req->rest, "/"));
		struct box *box = name && strchr(req->rest, '/') ? box_inner(printers->root, name) : NULL;
		box = box ? box : printers->root;
		free(name);
		snprintf(found->owner, sizeof(found->owner), "%s", box->owner);
		box_letters(box, req->subject, found->letters);
		found->list = strdup("");
		found->rest = strdup(req->rest);
	}
	box_found(req, found);
}

static void serve_below(struct printers *printers, struct req *req) {
	struct box *box = strchr(req->rest, '/') ? NULL : box_inner(printers->root, req->rest);
	if (req->head->verb == OP_MAKE) {
		refuse_make(printers, req);
	} else if (box) {
		box_found_box(req, box);
	} else {
		box_no_such(req);
	}
}

static void root_look(struct box *box, struct req *req) {
	serve_fresh(box->data, req, serve_below);
}

static void root_destroy(struct box *box) {
	struct printers *printers = box->data;
	struct waiting *waiting, *next;
	wl_list_for_each_safe(waiting, next, &printers->waiting, link) {
		struct req *req = waiting->req;
		waiting_gone(req);
		req_fail(req, OP_ELOST, "the node ends");
	}
	printers->ending = true;
	work_pool_destroy(printers->pool); // what runs comes back in here
	printer_puts_forget(printers, NULL);
	struct kept_list *kept, *next_kept;
	wl_list_for_each_safe(kept, next_kept, &printers->kept, link) {
		kept_destroy(kept);
	}
	free(printers);
}

static const struct box_type root_type = {
	.name = "printers",
	.fn = {
		[OP_KIND] = root_kind,
		[OP_SELECTORS] = root_selectors,
		[OP_PUTMEM] = root_putmem,
		[OP_CHINFO] = box_serve_chinfo,
	},
	.takes_body = 1 << OP_PUTMEM,
	.walks = true,
	.look = root_look,
	.destroy = root_destroy,
};

// Idle ones first, then CUPS's own choice; who prints is better than who is stopped.
static int merit(const struct cups_queue *queue) {
	return (queue->stopped ? 0 : 4) + (queue->idle ? 2 : 0) + queue->is_default;
}

struct printer *printer_best(const struct printers *printers, const struct subject *subject,
		enum printer_format format, uint32_t *taken) {
	struct printer *best = NULL;
	struct box *box;
	*taken = 0;
	wl_list_for_each(box, &printers->root->inner, link) {
		struct printer *printer = box->data;
		if (!printer->told.accepts || box_allows(box, subject, 'p') != PERM_YES) {
			continue;
		}
		*taken |= printer->told.takes;
		if (format < PRINTER_FORMATS && printer->told.takes & 1u << format &&
				(!best || merit(&printer->told) > merit(&best->told))) {
			best = printer;
		}
	}
	return best;
}

static bool printer_init(struct box_env *env) {
	struct printers *printers = calloc(1, sizeof(*printers));
	if (!printers) {
		return false;
	}
	printers->env = env;
	wl_list_init(&printers->puts);
	wl_list_init(&printers->waiting);
	wl_list_init(&printers->kept);
	printers->pool = work_pool_create(env->loop, THREADS);
	printers->root = printers->pool ?
		box_create(box_tree_root(env->tree), "printer", &root_type, "dir", printers) : NULL;
	if (!printers->root) {
		work_pool_destroy(printers->pool);
		free(printers);
		return false;
	}
	return ask_cups(printers); // what is there is advertised
}

const struct boxd_type boxd_type_printer = {.init = printer_init};
