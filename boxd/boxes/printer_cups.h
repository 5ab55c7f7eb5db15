/* SPDX-License-Identifier: MIT */
#ifndef BOXES_PRINTER_CUPS_H
#define BOXES_PRINTER_CUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wayland-util.h>

#include "box/op.h"

/*
 * What is asked of CUPS. All of it waits for cupsd, and so is called on a thread of printers.pool; what
 * belongs to one list or job is touched by one thread at a time. A cupsd that hangs is given up after
 * seconds.
 */

struct cups_queue { // as CUPS tells of it
	struct wl_list link;
	char name[OP_MAX_COMPONENT + 1];
	char resource[OP_MAX_COMPONENT + 16]; // "/printers/office"
	char cnstr[OP_MAX_CNSTR + 1];
	char title[256], state[256];
	uint32_t takes; // 1 << enum printer_format
	bool colour, idle, stopped, accepts, is_default;
};

enum cups_answer {
	CUPS_TOLD,
	CUPS_ABSENT, // no cupsd is there
	CUPS_SILENT, // it does not answer, or with an error: of queues it says nothing
};

/* Adds all queues to an empty list (cups_queue.link); they say they are of this machine. */
enum cups_answer cups_list(struct wl_list *queues, const char *machine);

struct cups_job {
	char resource[OP_MAX_COMPONENT + 16];
	char user[OP_MAX_SUBJECT + 1]; // whose job; "": this program's user
	char title[256];
	const char *mime;
	void *line; // to cupsd; NULL: none
	bool silent; // cupsd, for too long
	int id;     // once it is accepted
	struct op_refusal why; // of what failed
};

/* CUPS would take it, and waits for its bytes. false: why says. */
bool cups_job_begin(struct cups_job *job);
bool cups_job_write(struct cups_job *job, const void *bytes, size_t size);
/* All bytes were written: CUPS has it, and id is set. */
bool cups_job_end(struct cups_job *job);
/* Before it ended, CUPS keeps nothing of it: half a job is never printed. */
void cups_job_finish(struct cups_job *job);

#endif
