/* SPDX-License-Identifier: MIT */
/*
 * avahi_run.c - the thread that speaks with Avahi: says that this machine is here, and asks who else
 * is. Nothing of boxd's is touched from here but what avahi_private.h has.
 *
 * What strangers say is bounded: so many services are remembered, so few asked about at once. A
 * service is asked where it is when it comes, and then let go: what asks on and on fills Avahi's cache,
 * and that has room for 4096.
 */
#include "ads/avahi_private.h"

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <avahi-client/publish.h>
#include <avahi-common/alternative.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/malloc.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOG_MODULE "avahi"
#include "ads/avahi_poll.h"
#include "base/log.h"

#define SERVICES_MAX 1024 // remembered; one machine is one for each interface and family
#define RESOLVERS_MAX 16  // at once
#define RENAMES_MAX 5

static const int retry_ms[] = {1000, 5000, 30000, 120000, 600000};
#define RETRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))

struct service {
	struct wl_list link; // run.services, in order of coming
	struct run *run;
	AvahiIfIndex interface;
	AvahiProtocol protocol;
	AvahiServiceResolver *resolver; // NULL: it is not being asked
	bool wanted;                    // it is to be
	char name[AVAHI_LABEL_MAX];
	char key[MDNS_KEY + 1]; // "": not known yet
};

struct run {
	struct mdns_shared *shared;
	struct wl_event_loop *loop;
	AvahiPoll *poll;
	AvahiClient *client; // NULL: none now
	AvahiEntryGroup *group;
	AvahiServiceBrowser *browser;
	struct wl_event_source *retry;
	size_t failures;
	int renames;
	char name[AVAHI_LABEL_MAX]; // of our own service
	char said[128];             // the last line in the log
	bool running, full;
	struct wl_list services; // service.link
	int services_count, resolvers;
};

// A state once, however often it is found again.
static void say(struct run *run, const char *line) {
	if (strcmp(run->said, line) != 0) {
		snprintf(run->said, sizeof(run->said), "%s", line);
		log_info("%s", line);
	}
}

static void say_trouble(struct run *run, int error) {
	char line[sizeof(run->said)];
	snprintf(line, sizeof(line), "no Avahi here (%s): other machines are not found by themselves",
		avahi_strerror(error));
	say(run, line);
}

/* Others. */

static void pump(struct run *run);

static void stop_resolver(struct service *service) {
	if (service->resolver) {
		avahi_service_resolver_free(service->resolver);
		service->resolver = NULL;
		service->run->resolvers--;
	}
}

static void forget_service(struct service *service) {
	stop_resolver(service);
	wl_list_remove(&service->link);
	service->run->services_count--;
	free(service);
}

static bool is_key(const char *text) {
	return strlen(text) == MDNS_KEY && strspn(text, "0123456789abcdef") == MDNS_KEY;
}

static void print_address(const AvahiAddress *address, AvahiIfIndex interface, uint16_t port,
		char out[static 64]) {
	char host[AVAHI_ADDRESS_STR_MAX], device[IF_NAMESIZE];
	avahi_address_snprint(host, sizeof(host), address);
	if (address->proto == AVAHI_PROTO_INET) {
		snprintf(out, 64, "%s:%u", host, port);
		return;
	}
	const uint8_t *bytes = address->data.ipv6.address;
	bool local = bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80;
	bool scoped = local && if_indextoname((unsigned int)interface, device);
	snprintf(out, 64, "[%.39s%s%s]:%u", host, scoped ? "%" : "", scoped ? device : "", port);
}

static void found(struct service *service, const AvahiAddress *address, AvahiIfIndex interface,
		uint16_t port, AvahiStringList *txt) {
	char at[64], *name = NULL, *key = NULL;
	AvahiStringList *entry = avahi_string_list_find(txt, "key");
	if (entry && avahi_string_list_get_pair(entry, &name, &key, NULL) == 0 && key && is_key(key) &&
			port != 0 && strcmp(key, service->run->shared->key) != 0) {
		strcpy(service->key, key);
		print_address(address, interface, port, at);
		mdns_tell(service->run->shared, key, at);
	}
	avahi_free(name);
	avahi_free(key);
}

static void handle_resolved(AvahiServiceResolver *resolver, AvahiIfIndex interface,
		AvahiProtocol protocol, AvahiResolverEvent event, const char *name, const char *type,
		const char *domain, const char *host, const AvahiAddress *address, uint16_t port,
		AvahiStringList *txt, AvahiLookupResultFlags flags, void *data) {
	struct service *service = data;
	struct run *run = service->run;
	if (event == AVAHI_RESOLVER_FOUND && address) {
		found(service, address, interface, port, txt);
	}
	stop_resolver(service);
	pump(run);
}

// Asks about those that are wanted, a few at once.
static void pump(struct run *run) {
	struct service *service;
	wl_list_for_each(service, &run->services, link) {
		if (run->resolvers >= RESOLVERS_MAX || !run->client) {
			return;
		}
		if (!service->wanted || service->resolver) {
			continue;
		}
		service->wanted = false;
		service->resolver = avahi_service_resolver_new(run->client, service->interface,
			service->protocol, service->name, MDNS_TYPE, NULL, service->protocol, 0,
			handle_resolved, service);
		run->resolvers += service->resolver != NULL;
	}
}

static struct service *find_service(struct run *run, AvahiIfIndex interface, AvahiProtocol protocol,
		const char *name) {
	struct service *service;
	wl_list_for_each(service, &run->services, link) {
		if (service->interface == interface && service->protocol == protocol &&
				strcmp(service->name, name) == 0) {
			return service;
		}
	}
	return NULL;
}

static void add_service(struct run *run, AvahiIfIndex interface, AvahiProtocol protocol,
		const char *name) {
	struct service *service = find_service(run, interface, protocol, name);
	if (strncmp(name, run->shared->key, MDNS_NAME) == 0 || strlen(name) >= sizeof(service->name)) {
		return; // ourselves
	}
	if (!service && run->services_count == SERVICES_MAX) {
		if (!run->full) {
			log_info("the local network tells of more than %d services of Boxland: the rest is passed "
				"over", SERVICES_MAX);
		}
		run->full = true;
		return;
	}
	if (!service && (service = calloc(1, sizeof(*service)))) {
		service->run = run;
		service->interface = interface;
		service->protocol = protocol;
		strcpy(service->name, name);
		wl_list_insert(run->services.prev, &service->link);
		run->services_count++;
	}
	if (service) {
		service->wanted = true;
		pump(run);
	}
}

static bool has_other(struct run *run, const char *key) {
	struct service *service;
	wl_list_for_each(service, &run->services, link) {
		if (strcmp(service->key, key) == 0) {
			return true;
		}
	}
	return false;
}

static void remove_service(struct run *run, AvahiIfIndex interface, AvahiProtocol protocol,
		const char *name) {
	struct service *service = find_service(run, interface, protocol, name);
	if (!service) {
		return;
	}
	char key[MDNS_KEY + 1];
	strcpy(key, service->key);
	forget_service(service);
	run->full = false;
	if (key[0] && !has_other(run, key)) {
		mdns_tell(run->shared, key, "");
	}
}

static void fail_later(struct run *run, int error);

static void handle_browsed(AvahiServiceBrowser *browser, AvahiIfIndex interface,
		AvahiProtocol protocol, AvahiBrowserEvent event, const char *name, const char *type,
		const char *domain, AvahiLookupResultFlags flags, void *data) {
	struct run *run = data;
	switch (event) {
	case AVAHI_BROWSER_NEW:
		add_service(run, interface, protocol, name);
		break;
	case AVAHI_BROWSER_REMOVE:
		remove_service(run, interface, protocol, name);
		break;
	case AVAHI_BROWSER_FAILURE:
		fail_later(run, avahi_client_errno(avahi_service_browser_get_client(browser)));
		break;
	case AVAHI_BROWSER_ALL_FOR_NOW:
	case AVAHI_BROWSER_CACHE_EXHAUSTED:
		break;
	}
}

/* Ourselves. */

static bool add_own(struct run *run, AvahiEntryGroup *group) {
	char key[MDNS_KEY + 8];
	snprintf(key, sizeof(key), "key=%s", run->shared->key);
	return avahi_entry_group_add_service(group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0, run->name,
		MDNS_TYPE, NULL, NULL, run->shared->port, key, NULL) >= 0 &&
		avahi_entry_group_commit(group) >= 0;
}

// Another has the name: a machine that was copied with its key, or somebody's joke.
static void rename_own(struct run *run, AvahiEntryGroup *group) {
	if (run->renames++ == RENAMES_MAX) {
		log_error("other services in the local network are called as this machine's: it is not found "
			"by itself (was its key copied to another machine?)");
		return;
	}
	char *other = avahi_alternative_service_name(run->name);
	if (other) {
		snprintf(run->name, sizeof(run->name), "%s", other);
		avahi_free(other);
		avahi_entry_group_reset(group);
		add_own(run, group);
	}
}

static void handle_group(AvahiEntryGroup *group, AvahiEntryGroupState state, void *data) {
	struct run *run = data;
	switch (state) {
	case AVAHI_ENTRY_GROUP_ESTABLISHED:
		say(run, "found in the local network, through Avahi");
		break;
	case AVAHI_ENTRY_GROUP_COLLISION:
		rename_own(run, group);
		break;
	case AVAHI_ENTRY_GROUP_FAILURE:
		fail_later(run, avahi_client_errno(avahi_entry_group_get_client(group)));
		break;
	case AVAHI_ENTRY_GROUP_UNCOMMITED:
	case AVAHI_ENTRY_GROUP_REGISTERING:
		break;
	}
}

/* Avahi itself. */

static void forget_all(struct run *run) {
	struct service *service, *next;
	wl_list_for_each_safe(service, next, &run->services, link) {
		forget_service(service);
	}
	run->full = false;
}

static void leave(struct run *run) {
	if (run->client) {
		forget_all(run);
		avahi_client_free(run->client); // and group and browser
	}
	run->client = NULL;
	run->group = NULL;
	run->browser = NULL;
}

// Not from inside a callback of what is to be freed.
static void fail_later(struct run *run, int error) {
	size_t step = run->failures < RETRIES ? run->failures : RETRIES - 1;
	say_trouble(run, error);
	run->failures++;
	wl_event_source_timer_update(run->retry, retry_ms[step]);
}

static void start(struct run *run, AvahiClient *client) {
	run->failures = 0;
	run->renames = 0;
	snprintf(run->name, sizeof(run->name), "%.*s", MDNS_NAME, run->shared->key);
	if (!run->group) {
		run->group = avahi_entry_group_new(client, handle_group, run);
	}
	if (run->group) {
		avahi_entry_group_reset(run->group);
	}
	if (!run->browser) {
		run->browser = avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
			MDNS_TYPE, NULL, 0, handle_browsed, run);
	}
	if (!run->group || !run->browser || !add_own(run, run->group)) {
		fail_later(run, avahi_client_errno(client));
	}
}

static void handle_client(AvahiClient *client, AvahiClientState state, void *data) {
	struct run *run = data;
	run->client = client; // it may be told before avahi_client_new returns
	switch (state) {
	case AVAHI_CLIENT_S_RUNNING:
		start(run, client);
		break;
	case AVAHI_CLIENT_S_COLLISION:
	case AVAHI_CLIENT_S_REGISTERING: // the host's name changes: what is said with it is said anew
		if (run->group) {
			avahi_entry_group_reset(run->group);
		}
		break;
	case AVAHI_CLIENT_CONNECTING:
		say_trouble(run, AVAHI_ERR_NO_DAEMON);
		break;
	case AVAHI_CLIENT_FAILURE:
		fail_later(run, avahi_client_errno(client));
		break;
	}
}

static int handle_retry(void *data) {
	struct run *run = data;
	int error = 0;
	leave(run);
	run->client = avahi_client_new(run->poll, AVAHI_CLIENT_NO_FAIL, handle_client, run, &error);
	if (!run->client) {
		fail_later(run, error);
	}
	return 0;
}

static int handle_wishes(int fd, uint32_t mask, void *data) {
	struct run *run = data;
	char wishes[MDNS_WISHES][MDNS_KEY + 1];
	int count;
	run->running = mdns_wishes(run->shared, wishes, &count);
	struct service *service;
	wl_list_for_each(service, &run->services, link) {
		for (int i = 0; i < count; i++) {
			service->wanted = service->wanted || strcmp(service->key, wishes[i]) == 0 ||
				strncmp(service->name, wishes[i], MDNS_NAME) == 0;
		}
	}
	pump(run);
	return 0;
}

void mdns_run(struct mdns_shared *shared) {
	struct run run = {.shared = shared};
	wl_list_init(&run.services);
	run.loop = wl_event_loop_create();
	run.poll = run.loop ? avahi_poll_create(run.loop) : NULL;
	struct wl_event_source *source = NULL;
	if (run.poll) {
		run.retry = wl_event_loop_add_timer(run.loop, handle_retry, &run);
		source = wl_event_loop_add_fd(run.loop, shared->to_thread, WL_EVENT_READABLE, handle_wishes,
			&run);
	}
	if (!run.retry || !source) {
		log_error("no memory for Avahi: other machines are not found by themselves");
	} else {
		handle_retry(&run);
		for (run.running = true; run.running && wl_event_loop_dispatch(run.loop, -1) >= 0;) {
		}
		leave(&run);
	}
	if (source) {
		wl_event_source_remove(source);
	}
	if (run.retry) {
		wl_event_source_remove(run.retry);
	}
	avahi_poll_destroy(run.poll);
	if (run.loop) {
		wl_event_loop_destroy(run.loop);
	}
}
