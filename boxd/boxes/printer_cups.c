/* SPDX-License-Identifier: MIT */
/*
 * printer_cups.c - the only place where CUPS is spoken: a list of its queues, and jobs for them, by IPP
 * requests of libcups. Knows no boxes; it is called on threads, never in the loop.
 *
 * A job is one Print-Job request whose bytes follow it, so a job whose bytes break off does not exist
 * for cupsd. Validate-Job goes before it: what is refused costs no bytes.
 */
#include "boxes/printer_cups.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cups/cups.h>

#include "box/name.h"
#include "box/utf8.h"
#include "box/printer_format.h"

#define CONNECT_MS 2000
#define LIST_S 2.0 // a cupsd that says nothing for so long hangs
#define JOB_S 10.0

static int give_up(http_t *http, void *data) {
	bool *silent = data;
	*silent = true;
	return 0;
}

// Nobody sits at this program who could type one.
static const char *no_password(const char *prompt, http_t *http, const char *method,
		const char *resource, void *data) {
	return NULL;
}

// NULL: none, and errno says why. silent lives as long as it, and is set when it says nothing for too long.
static http_t *dial(double patience_s, bool *silent) {
	cupsSetPasswordCB2(no_password, NULL); // of this thread
	http_t *http = httpConnect2(cupsServer(), ippPort(), NULL, AF_UNSPEC, cupsEncryption(), 1,
		CONNECT_MS, NULL);
	if (http) {
		httpSetTimeout(http, patience_s, give_up, silent);
	}
	return http;
}

static ipp_t *request_new(ipp_op_t op, const char *resource, const char *user) {
	char uri[HTTP_MAX_URI];
	ipp_t *request = ippNewRequest(op);
	if (resource) {
		httpAssembleURI(HTTP_URI_CODING_ALL, uri, sizeof(uri), "ipp", NULL, "localhost", 0, resource);
		ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_URI, "printer-uri", NULL, uri);
	}
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "requesting-user-name", NULL,
		user && *user ? user : cupsUser());
	return request;
}

/* The list. */

static const char *text_of(ipp_t *told, const char *name) {
	ipp_attribute_t *attribute = ippFindAttribute(told, name, IPP_TAG_ZERO);
	return attribute ? ippGetString(attribute, 0, NULL) : NULL;
}

static int number_of(ipp_t *told, const char *name) {
	ipp_attribute_t *attribute = ippFindAttribute(told, name, IPP_TAG_ZERO);
	return attribute ? ippGetInteger(attribute, 0) : 0;
}

static bool flag_of(ipp_t *told, const char *name) {
	ipp_attribute_t *attribute = ippFindAttribute(told, name, IPP_TAG_BOOLEAN);
	return attribute && ippGetBoolean(attribute, 0);
}

static uint32_t formats_of(ipp_t *told) {
	ipp_attribute_t *attribute = ippFindAttribute(told, "document-format-supported", IPP_TAG_MIMETYPE);
	uint32_t formats = 0;
	for (int i = 0; i < ippGetCount(attribute); i++) {
		enum printer_format format = printer_format_by_mime(ippGetString(attribute, i, NULL));
		formats |= format < PRINTER_FORMATS ? 1u << format : 0;
	}
	return formats;
}

static void copy_plain(char *out, size_t size, const char *text) {
	size_t whole = text ? utf8_cut(text, strlen(text), size - 1) : 0;
	snprintf(out, size, "%.*s", (int)whole, text ? text : "");
	if (!utf8_plain(out, whole)) {
		out[0] = '\0';
	}
}

// "idle", "printing" or "stopped", and what CUPS says of why.
static void set_state(struct cups_queue *queue, ipp_t *told) {
	int state = number_of(told, "printer-state");
	const char *message = text_of(told, "printer-state-message");
	const char *reason = text_of(told, "printer-state-reasons"), *word;
	char plain[160];
	queue->idle = state == IPP_PSTATE_IDLE;
	queue->stopped = state == IPP_PSTATE_STOPPED;
	queue->accepts = flag_of(told, "printer-is-accepting-jobs");
	word = queue->stopped ? "stopped" : queue->idle ? "idle" : "printing";
	reason = reason && strcmp(reason, "none") != 0 ? reason : NULL;
	copy_plain(plain, sizeof(plain), message && *message ? message : reason);
	snprintf(queue->state, sizeof(queue->state), "%s%s%s%s", word, *plain ? " " : "", plain,
		queue->accepts ? "" : ", takes no jobs");
}

static void add_attr(char cnstr[static OP_MAX_CNSTR + 1], const char *name, const char *value) {
	size_t size = strlen(cnstr), value_size = value ? strlen(value) : 0;
	if (value_size > 0 && value_size < 80 && !strpbrk(value, " !") && utf8_plain(value, value_size)) {
		snprintf(cnstr + size, OP_MAX_CNSTR + 1 - size, "!%s=%s", name, value);
	}
}

static void set_cnstr(struct cups_queue *queue, ipp_t *told, const char *machine) {
	ipp_attribute_t *sides = ippFindAttribute(told, "sides-supported", IPP_TAG_KEYWORD);
	strcpy(queue->cnstr, "printer!*!*");
	add_attr(queue->cnstr, "node", machine);
	for (int i = 0; i < PRINTER_FORMATS; i++) {
		if (queue->takes & 1u << i) {
			add_attr(queue->cnstr, printer_format_word((enum printer_format)i), "yes");
		}
	}
	add_attr(queue->cnstr, "colour", queue->colour ? "yes" : "no");
	if (sides && ippContainsString(sides, "two-sided-long-edge")) {
		add_attr(queue->cnstr, "duplex", "yes");
	}
	const char *media = text_of(told, "media-default");
	add_attr(queue->cnstr, "media", media && strcmp(media, "unknown") != 0 ? media : NULL);
}

static void set_title(struct cups_queue *queue, ipp_t *told) {
	char info[120], place[120];
	copy_plain(info, sizeof(info), text_of(told, "printer-info"));
	copy_plain(place, sizeof(place), text_of(told, "printer-location"));
	if (strcmp(info, queue->name) == 0) { // nobody has described it
		info[0] = '\0';
	}
	snprintf(queue->title, sizeof(queue->title), "%s%s%s", info, *info && *place ? ", " : "", place);
}

// Of one printer. NULL: it cannot be a box, or no memory.
static struct cups_queue *queue_new(ipp_t *told, const char *machine) {
	const char *name = text_of(told, "printer-name");
	int type = number_of(told, "printer-type");
	if (!name || name_check_component(name, NULL) != OP_OK) {
		return NULL;
	}
	struct cups_queue *queue = calloc(1, sizeof(*queue));
	if (queue) {
		snprintf(queue->name, sizeof(queue->name), "%s", name);
		snprintf(queue->resource, sizeof(queue->resource), "/%s/%s",
			type & CUPS_PRINTER_CLASS ? "classes" : "printers", name);
		queue->is_default = type & CUPS_PRINTER_DEFAULT;
		queue->takes = formats_of(told);
		queue->colour = flag_of(told, "color-supported");
		set_state(queue, told);
		set_cnstr(queue, told, machine);
		set_title(queue, told);
	}
	return queue;
}

// A reply has the attributes of all printers, one behind the other.
static void read_queues(ipp_t *reply, struct wl_list *queues, const char *machine) {
	ipp_attribute_t *at = ippFirstAttribute(reply);
	while (at) {
		ipp_t *told = ippNew();
		for (; at && ippGetGroupTag(at) != IPP_TAG_PRINTER; at = ippNextAttribute(reply)) {
		}
		for (; at && ippGetGroupTag(at) == IPP_TAG_PRINTER; at = ippNextAttribute(reply)) {
			ippCopyAttribute(told, at, 0);
		}
		struct cups_queue *queue = queue_new(told, machine);
		ippDelete(told);
		if (queue) {
			wl_list_insert(queues->prev, &queue->link);
		}
	}
}

// Without a queue it is client-error-not-found. A cupsd that is busy or refuses says nothing of queues.
static bool is_list(ipp_status_t status) {
	return status < IPP_STATUS_ERROR_BAD_REQUEST || status == IPP_STATUS_ERROR_NOT_FOUND;
}

enum cups_answer cups_list(struct wl_list *queues, const char *machine) {
	static const char *const wanted[] = {
		"color-supported", "document-format-supported", "media-default", "printer-info",
		"printer-is-accepting-jobs", "printer-location", "printer-name", "printer-state",
		"printer-state-message", "printer-state-reasons", "printer-type", "sides-supported",
	};
	bool silent = false;
	http_t *http = dial(LIST_S, &silent);
	if (!http) {
		return errno == ETIMEDOUT || errno == EAGAIN ? CUPS_SILENT : CUPS_ABSENT;
	}
	ipp_t *request = request_new(IPP_OP_CUPS_GET_PRINTERS, NULL, NULL);
	ippAddStrings(request, IPP_TAG_OPERATION, IPP_TAG_KEYWORD, "requested-attributes",
		sizeof(wanted) / sizeof(wanted[0]), NULL, wanted);
	ipp_t *reply = cupsDoRequest(http, request, "/");
	bool told = reply && is_list(ippGetStatusCode(reply));
	if (told) {
		read_queues(reply, queues, machine);
	}
	ippDelete(reply);
	httpClose(http);
	return told ? CUPS_TOLD : reply || silent ? CUPS_SILENT : CUPS_ABSENT;
}

/* A job. */

// What CUPS said last on this thread.
static bool fail(struct cups_job *job) {
	const char *said = cupsLastErrorString();
	char plain[300];
	if (job->silent) {
		op_refuse(&job->why, OP_EIO, "CUPS does not answer on the printer's machine, so this was not printed "
			"(systemctl restart cups there may help)");
		return false;
	}
	copy_plain(plain, sizeof(plain), said);
	ipp_status_t status = cupsLastError();
	enum op_code code = status == IPP_STATUS_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED ? OP_ETYPE :
		status == IPP_STATUS_ERROR_NOT_AUTHORIZED || status == IPP_STATUS_ERROR_FORBIDDEN ||
		status == IPP_STATUS_ERROR_NOT_AUTHENTICATED ? OP_EPERM :
		status == IPP_STATUS_ERROR_NOT_ACCEPTING_JOBS ? OP_EBUSY : OP_EIO;
	op_refuse(&job->why, code, "CUPS does not print it: %s (lpstat -p on its machine says more)",
		*plain ? plain : "it gives no reason");
	return false;
}

static ipp_t *job_request(const struct cups_job *job, ipp_op_t op) {
	ipp_t *request = request_new(op, job->resource, job->user);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_NAME, "job-name", NULL, job->title);
	ippAddString(request, IPP_TAG_OPERATION, IPP_TAG_MIMETYPE, "document-format", NULL, job->mime);
	return request;
}

static bool validate(struct cups_job *job) {
	ippDelete(cupsDoRequest(job->line, job_request(job, IPP_OP_VALIDATE_JOB), job->resource));
	return cupsLastError() < IPP_STATUS_ERROR_BAD_REQUEST || fail(job);
}

bool cups_job_begin(struct cups_job *job) {
	job->line = dial(JOB_S, &job->silent);
	if (!job->line) {
		op_refuse(&job->why, OP_EIO, "CUPS does not answer on the printer's machine (%s): is cupsd "
			"running there?", strerror(errno));
		return false;
	}
	if (!validate(job)) {
		return false;
	}
	ipp_t *request = job_request(job, IPP_OP_PRINT_JOB);
	http_status_t status = cupsSendRequest(job->line, request, job->resource, CUPS_LENGTH_VARIABLE);
	ippDelete(request);
	return status == HTTP_STATUS_CONTINUE || fail(job);
}

bool cups_job_write(struct cups_job *job, const void *bytes, size_t size) {
	return cupsWriteRequestData(job->line, bytes, size) == HTTP_STATUS_CONTINUE || fail(job);
}

bool cups_job_end(struct cups_job *job) {
	ipp_t *reply = cupsGetResponse(job->line, job->resource);
	if (!reply) { // it has all of it
		op_refuse(&job->why, OP_ELOST, "CUPS took all of it and then did not answer: it may be printed "
			"(lpstat -o on its machine shows what is)");
		return false;
	}
	if (cupsLastError() >= IPP_STATUS_ERROR_BAD_REQUEST) {
		ippDelete(reply);
		return fail(job);
	}
	ipp_attribute_t *id = ippFindAttribute(reply, "job-id", IPP_TAG_INTEGER);
	job->id = id ? ippGetInteger(id, 0) : 0;
	ippDelete(reply);
	return true;
}

void cups_job_finish(struct cups_job *job) {
	if (job->line) {
		httpClose(job->line);
		job->line = NULL;
	}
}
