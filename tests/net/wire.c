/* SPDX-License-Identifier: MIT */
/*
 * wire - one emulated Ethernet cable between two network interfaces, in user space.
 *
 * What comes in at one end goes out at the other, each direction on its own: with a rate, a one-way
 * delay, jitter, loss (alone or in bursts) and a queue of limited length. It does what netem does,
 * for kernels without it. Each direction draws from its own seeded generators, once a frame: the
 * same seed loses the same frames of the same traffic. Frames are never reordered: jitter makes a
 * frame late, and those behind it wait.
 *
 *   wire END END [PROFILE] [key=value ...]
 *     END      IFACE, or IFACE@PID or IFACE@PATH in another network namespace
 *     PROFILE  LAN WAN40 Wi-Fi WAN bad
 *     key      rate=MBIT (0: no limit) delay=MS (one way) jitter=MS loss=PERCENT
 *              burst=FRAMES (mean length of a loss burst) queue=MS seed=N
 *   SIGUSR1 cuts, SIGUSR2 mends, SIGTERM and SIGINT end it and print what was carried.
 *
 * It makes no interface and gives no address; both ends are there and up. It prints "ready" when
 * frames flow. Sums that the sender left to its hardware are passed on as such (virtio_net_hdr);
 * segmentation is not done here, so whoever sends towards an end needs gso_max_segs 1.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <math.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLOT_SIZE 2048 // a frame of 1514 bytes and what the kernel writes before it
#define SLOTS 2048
#define BLOCK_SIZE 65536
#define RING_SIZE ((size_t)SLOTS * SLOT_SIZE)
#define LINE_MAX 65536 // frames under way in one direction
#define TAKE_MAX 64 // frames taken before the other direction has its turn
#define OVERHEAD 24 // preamble, check sequence and gap, in bytes

struct settings {
	double rate_mbit;
	double delay_ms;
	double jitter_ms;
	double loss_percent;
	double burst_frames;
	double queue_ms;
	double seed;
};

/* One end: a packet socket whose receive ring is mapped. */
struct port {
	int fd;
	uint8_t *ring;
	uint32_t next; // slot
};

struct frame {
	int64_t due_ns; // CLOCK_MONOTONIC
	size_t size;
	uint8_t data[]; // struct virtio_net_hdr, then the frame
};

/* One direction. */
struct lane {
	struct port *in, *out;
	struct frame **line; // LINE_MAX, in order
	uint32_t head, tail;
	int64_t free_ns; // when the last bit of the last frame has left
	int64_t last_due_ns;
	uint64_t loss_state, jitter_state;
	bool losing;
	uint64_t carried, bytes, lost, overrun, oversize;
};

struct wire {
	struct settings settings;
	struct port ports[2];
	struct lane lanes[2]; // [0] from ports[0]
	bool cut;
};

static const struct {
	const char *name;
	struct settings settings;
} profiles[] = {
	{"LAN", {.rate_mbit = 1000}},
	{"WAN40", {.rate_mbit = 200, .delay_ms = 20}},
	{"Wi-Fi", {.rate_mbit = 80, .delay_ms = 3, .jitter_ms = 2, .loss_percent = 0.5,
		.burst_frames = 2}},
	{"WAN", {.rate_mbit = 20, .delay_ms = 10, .loss_percent = 1, .burst_frames = 2}},
	{"bad", {.rate_mbit = 8, .delay_ms = 40, .jitter_ms = 15, .loss_percent = 3,
		.burst_frames = 4}},
};

static int64_t now_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* splitmix64 (Steele, Lea and Flood 2014): any seed will do, zero and neighbours included. */
static double uniform(uint64_t *state) {
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static bool namespace_enter(const char *where) {
	char path[512];
	bool is_pid = where[strspn(where, "0123456789")] == '\0';
	snprintf(path, sizeof(path), is_pid ? "/proc/%s/ns/net" : "%s", where);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return false;
	}
	bool entered = setns(fd, CLONE_NEWNET) == 0;
	close(fd);
	return entered;
}

static bool port_bind(struct port *port, const char *iface) {
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(iface),
	};
	struct packet_mreq promiscuous = {
		.mr_ifindex = address.sll_ifindex,
		.mr_type = PACKET_MR_PROMISC,
	};
	return address.sll_ifindex > 0 &&
		setsockopt(port->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
			sizeof(promiscuous)) == 0 &&
		bind(port->fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Protocol 0 until bind: no frame of another interface gets into the ring. */
static bool port_open(struct port *port, const char *iface) {
	const int version = TPACKET_V2, on = 1;
	const struct tpacket_req ring = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = RING_SIZE / BLOCK_SIZE,
		.tp_frame_size = SLOT_SIZE,
		.tp_frame_nr = SLOTS,
	};
	port->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (port->fd < 0 ||
			setsockopt(port->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) < 0 ||
			setsockopt(port->fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) < 0 ||
			setsockopt(port->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
			setsockopt(port->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) < 0) {
		return false;
	}
	port->ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, port->fd, 0);
	return port->ring != MAP_FAILED && port_bind(port, iface);
}

/* Opens IFACE[@NAMESPACE] and comes back to the namespace it was called in. */
static bool port_init(struct port *port, const char *end) {
	char iface[IF_NAMESIZE];
	const char *at = strchr(end, '@');
	size_t length = at ? (size_t)(at - end) : strlen(end);
	if (length >= sizeof(iface)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(iface, end, length);
	iface[length] = '\0';
	if (!at) {
		return port_open(port, iface);
	}
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	bool opened = home >= 0 && namespace_enter(at + 1) && port_open(port, iface);
	int error = errno;
	if (home >= 0 && setns(home, CLONE_NEWNET) < 0) {
		opened = false;
		error = errno;
	}
	close(home);
	errno = error;
	return opened;
}

/* An interface that goes down says so once; unread, the error would keep the loop awake. */
static void port_clear_error(struct port *port) {
	int error;
	socklen_t size = sizeof(error);
	getsockopt(port->fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

/* Gilbert's model: bursts of a mean length that together lose the wanted share of the frames. */
static bool lane_loses(struct lane *lane, const struct settings *settings) {
	double share = settings->loss_percent / 100, leave = 1 / settings->burst_frames;
	double enter = share < 1 ? leave * share / (1 - share) : 1;
	double drawn = uniform(&lane->loss_state);
	lane->losing = lane->losing && share < 1 ? drawn >= leave : drawn < enter;
	return lane->losing;
}

/* Puts one frame on the line, with the time of its arrival, or drops it. */
static void lane_accept(struct lane *lane, const struct wire *wire, const uint8_t *data,
		size_t size, int64_t now) {
	const struct settings *settings = &wire->settings;
	// Drawn for every frame, also when the wire is cut, so that a cut does not shift the sequence.
	bool loses = lane_loses(lane, settings);
	double jitter_ms = settings->jitter_ms * uniform(&lane->jitter_state);
	if (wire->cut || loses) {
		lane->lost++;
		return;
	}
	int64_t start = lane->free_ns > now ? lane->free_ns : now;
	struct frame *frame = NULL;
	if ((double)(start - now) <= settings->queue_ms * 1e6 && lane->head - lane->tail < LINE_MAX) {
		frame = malloc(sizeof(*frame) + size);
	}
	if (!frame) {
		lane->overrun++;
		return;
	}
	double bits = (double)(size - sizeof(struct virtio_net_hdr) + OVERHEAD) * 8;
	lane->free_ns = start +
		(settings->rate_mbit > 0 ? (int64_t)(bits * 1e3 / settings->rate_mbit) : 0);
	frame->due_ns = lane->free_ns + (int64_t)((settings->delay_ms + jitter_ms) * 1e6);
	if (frame->due_ns < lane->last_due_ns) {
		frame->due_ns = lane->last_due_ns;
	}
	lane->last_due_ns = frame->due_ns;
	frame->size = size;
	memcpy(frame->data, data, size);
	lane->line[lane->head++ % LINE_MAX] = frame;
}

/* Takes what has arrived at the lane's entry. True if there may be more. */
static bool lane_take(struct lane *lane, const struct wire *wire, int64_t now) {
	struct port *port = lane->in;
	for (int i = 0; i < TAKE_MAX; i++) {
		uint8_t *slot = port->ring + (size_t)port->next * SLOT_SIZE;
		struct tpacket2_hdr *header = (struct tpacket2_hdr *)slot;
		if (!(__atomic_load_n(&header->tp_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER)) {
			return false;
		}
		if (header->tp_snaplen < header->tp_len) {
			lane->oversize++;
		} else {
			size_t before = sizeof(struct virtio_net_hdr);
			lane_accept(lane, wire, slot + header->tp_mac - before,
				header->tp_snaplen + before, now);
		}
		__atomic_store_n(&header->tp_status, TP_STATUS_KERNEL, __ATOMIC_RELEASE);
		port->next = (port->next + 1) % SLOTS;
	}
	return true;
}

/* Delivers what is due. Returns when the next frame is, or INT64_MAX. */
static int64_t lane_give(struct lane *lane, const struct wire *wire, int64_t now) {
	while (lane->tail != lane->head) {
		struct frame *frame = lane->line[lane->tail % LINE_MAX];
		if (frame->due_ns > now) {
			return frame->due_ns;
		}
		if (wire->cut) {
			lane->lost++;
		} else if (send(lane->out->fd, frame->data, frame->size, MSG_DONTWAIT) < 0) {
			lane->overrun++;
		} else {
			lane->carried++;
			lane->bytes += frame->size - sizeof(struct virtio_net_hdr);
		}
		free(frame);
		lane->tail++;
	}
	return INT64_MAX;
}

static void lane_print(const struct lane *lane, const char *name) {
	struct tpacket_stats stats = {0};
	socklen_t size = sizeof(stats);
	getsockopt(lane->in->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size);
	printf("%s: carried %llu frames %llu bytes, lost %llu, overrun %llu, oversize %llu\n", name,
		(unsigned long long)lane->carried, (unsigned long long)lane->bytes,
		(unsigned long long)lane->lost, (unsigned long long)lane->overrun + stats.tp_drops,
		(unsigned long long)lane->oversize);
}

/* Reads one signal. False when it is time to end. */
static bool wire_handle_signal(struct wire *wire, int fd) {
	struct signalfd_siginfo info;
	if (read(fd, &info, sizeof(info)) != sizeof(info)) {
		return true;
	}
	if (info.ssi_signo == SIGUSR1 || info.ssi_signo == SIGUSR2) {
		wire->cut = info.ssi_signo == SIGUSR1;
		printf("%s\n", wire->cut ? "cut" : "mended");
		fflush(stdout);
		return true;
	}
	return false;
}

static void wire_run(struct wire *wire, int signal_fd) {
	struct pollfd fds[] = {
		{.fd = wire->ports[0].fd, .events = POLLIN},
		{.fd = wire->ports[1].fd, .events = POLLIN},
		{.fd = signal_fd, .events = POLLIN},
	};
	while (true) {
		int64_t next = INT64_MAX;
		for (size_t i = 0; i < 2; i++) {
			if (lane_take(&wire->lanes[i], wire, now_ns())) {
				next = 0;
			}
			int64_t due = lane_give(&wire->lanes[i], wire, now_ns());
			next = due < next ? due : next;
		}
		int64_t wait = next - now_ns();
		wait = wait > 0 ? wait : 0;
		struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
		if (ppoll(fds, 3, next == INT64_MAX ? NULL : &timeout, NULL) < 0) {
			perror("wire: ppoll");
			return;
		}
		for (size_t i = 0; i < 2; i++) {
			if (fds[i].revents & POLLERR) {
				port_clear_error(&wire->ports[i]);
			}
		}
		if (fds[2].revents && !wire_handle_signal(wire, signal_fd)) {
			return;
		}
	}
}

static bool settings_set(struct settings *settings, const char *word) {
	struct {
		const char *key;
		double *value;
	} keys[] = {
		{"rate", &settings->rate_mbit},
		{"delay", &settings->delay_ms},
		{"jitter", &settings->jitter_ms},
		{"loss", &settings->loss_percent},
		{"burst", &settings->burst_frames},
		{"queue", &settings->queue_ms},
		{"seed", &settings->seed},
	};
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(word, profiles[i].name) == 0) {
			*settings = profiles[i].settings;
			return true;
		}
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t length = strlen(keys[i].key);
		if (strncmp(word, keys[i].key, length) == 0 && word[length] == '=') {
			char *end;
			*keys[i].value = strtod(word + length + 1, &end);
			return end > word + length + 1 && *end == '\0' && isfinite(*keys[i].value) &&
				*keys[i].value >= 0;
		}
	}
	return false;
}

static bool wire_init(struct wire *wire, char **ends) {
	struct settings *settings = &wire->settings;
	settings->burst_frames = settings->burst_frames < 1 ? 1 : settings->burst_frames;
	settings->queue_ms = settings->queue_ms > 0 ? settings->queue_ms : 200;
	for (size_t i = 0; i < 2; i++) {
		if (!port_init(&wire->ports[i], ends[i])) {
			fprintf(stderr, "wire: %s: %s\n", ends[i], strerror(errno));
			return false;
		}
		struct lane *lane = &wire->lanes[i];
		lane->in = &wire->ports[i];
		lane->out = &wire->ports[1 - i];
		lane->loss_state = (uint64_t)settings->seed * 4 + i * 2;
		lane->jitter_state = lane->loss_state + 1;
		lane->line = calloc(LINE_MAX, sizeof(*lane->line));
		if (!lane->line) {
			fprintf(stderr, "wire: %s\n", strerror(errno));
			return false;
		}
	}
	return true;
}

static void wire_finish(struct wire *wire) {
	for (size_t i = 0; i < 2; i++) {
		struct lane *lane = &wire->lanes[i];
		while (lane->tail != lane->head) {
			free(lane->line[lane->tail++ % LINE_MAX]);
		}
		free(lane->line);
	}
	for (size_t i = 0; i < 2; i++) {
		munmap(wire->ports[i].ring, RING_SIZE);
		close(wire->ports[i].fd);
	}
}

int main(int argc, char **argv) {
	struct wire wire = {0};
	for (int i = 3; i < argc; i++) {
		if (!settings_set(&wire.settings, argv[i])) {
			fprintf(stderr, "wire: neither a profile nor key=number: %s\n", argv[i]);
			return 2;
		}
	}
	if (argc < 3) {
		fprintf(stderr, "usage: wire END END [PROFILE] [key=value ...]\n");
		return 2;
	}
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigaddset(&mask, SIGUSR2);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	int signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0 || !wire_init(&wire, argv + 1)) {
		return 1;
	}
	printf("ready\n");
	fflush(stdout);
	wire_run(&wire, signal_fd);
	lane_print(&wire.lanes[0], "a to b");
	lane_print(&wire.lanes[1], "b to a");
	wire_finish(&wire);
	close(signal_fd);
	return 0;
}
