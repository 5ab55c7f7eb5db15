/* SPDX-License-Identifier: MIT */
#ifndef LIBBOX_ASK_H
#define LIBBOX_ASK_H

#include <stdbool.h>
#include <wayland-server-core.h>

#include "base/buf.h"
#include "box/op.h"
#include "net/call.h"

/* Questions to boxd, waited for. Used by the library's calls and by the command alike. */

struct asker { // this program and its boxd
	struct wl_event_loop *loop;
	struct caller_unix boxd;
	char path[108];
	char ns[128]; // the name space of its names; "": the default
	int patience_ms; // of ask, and ask_with; 0: no limit
};

/*
 * op is boxd's socket, NULL as op_socket_path says; ns a name space, NULL that of $BOX_NS. false and
 * errno: ENOENT, where boxd listens is not known; ENAMETOOLONG; ENOMEM or EMFILE.
 */
bool asker_init(struct asker *asker, const char *op, const char *ns);
void asker_finish(struct asker *asker);

/* An answer that was waited for. */
struct answer {
	struct op_refusal why; // OP_OK: ok and whole
	struct op_head reply;
	struct op_head trailer;
	struct buf body;
};
/*
 * Asks boxd and waits. request is finished here. true: ok. false: answer->why says why not. In both
 * cases answer_finish.
 */
bool ask(struct asker *asker, struct op_head *request, struct answer *answer);
/* The same, for so long and no longer: then the call is hung up, and why is ELOST. 0: no limit. */
bool ask_within(struct asker *asker, struct op_head *request, struct answer *answer, int ms);
/* The same with a body, which goes whole. */
bool ask_with(struct asker *asker, struct op_head *request, const void *bytes, size_t size,
	struct answer *answer);
void answer_finish(struct answer *answer);

/* One of several that are asked at once. */
struct question {
	struct op_head request; // finished by ask_all
	const void *bytes;      // the request's body, size bytes; NULL: none
	size_t size;
	struct answer answer;   // answer_finish afterwards, always
	struct call *call;      // ask.c's
};
/* What is not answered within limit_ms is given up with ELOST; 0: no limit. */
void ask_all(struct asker *asker, struct question *questions, int count, int limit_ms);

/* Walks the entries of a selectors answer: begin with *at = 0. entry is finished by the caller. */
bool answer_next(const struct answer *answer, size_t *at, struct op_head *entry);

/* Sets (or, of a list, adds) a value that we did not make. EARG, E2BIG: it makes no sense there. */
enum op_code head_say(struct op_head *head, enum op_field field, const char *text,
	struct op_refusal *why);

#endif
