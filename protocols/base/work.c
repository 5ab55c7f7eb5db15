/* SPDX-License-Identifier: MIT */
/*
 * work.c - threads for what would block the loop. The only place with threads; nothing here knows
 * what a job does.
 *
 * A job is in one of two lists, both under the lock: waiting for a thread, or done and waiting for
 * the loop. While it runs it is in neither, and is its thread's alone but for `cancelled`.
 */
#include "base/work.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOG_MODULE "work"
#include "base/log.h"

enum job_state {
	JOB_WAITS,
	JOB_RUNS,
	JOB_DONE,
};

struct work_job {
	struct wl_list link; // pool.waiting, pool.done
	struct work_pool *pool;
	enum job_state state;
	bool cancelled;
	void (*run)(void *data);
	void (*done)(void *data, bool cancelled);
	void *data;
};

struct work_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct wl_list waiting; // work_job.link, oldest first
	struct wl_list done;    // work_job.link, oldest first
	bool stopping;
	int event; // written when a job is done
	struct wl_event_source *source;
	pthread_t *threads;
	int threads_size;
};

static void *thread_main(void *data) {
	struct work_pool *pool = data;
	pthread_mutex_lock(&pool->lock);
	for (;;) {
		while (wl_list_empty(&pool->waiting) && !pool->stopping) {
			pthread_cond_wait(&pool->wake, &pool->lock);
		}
		if (pool->stopping) {
			break;
		}
		struct work_job *job = wl_container_of(pool->waiting.next, job, link);
		wl_list_remove(&job->link);
		job->state = JOB_RUNS;
		pthread_mutex_unlock(&pool->lock);
		job->run(job->data);
		pthread_mutex_lock(&pool->lock);
		job->state = JOB_DONE;
		wl_list_insert(pool->done.prev, &job->link);
		eventfd_write(pool->event, 1);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void job_finish(struct work_job *job) {
	struct work_job over = *job;
	free(job);
	over.done(over.data, over.cancelled);
}

// The oldest job of a list, taken out of it; NULL: none.
static struct work_job *pool_take(struct work_pool *pool, struct wl_list *list) {
	struct work_job *job = NULL;
	pthread_mutex_lock(&pool->lock);
	if (!wl_list_empty(list)) {
		job = wl_container_of(list->next, job, link);
		wl_list_remove(&job->link);
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static int handle_event(int fd, uint32_t mask, void *data) {
	struct work_pool *pool = data;
	eventfd_t count;
	eventfd_read(pool->event, &count);
	struct work_job *job = pool_take(pool, &pool->done);
	if (job) {
		// One a turn: done() may destroy the pool. What is left asks for another turn.
		pthread_mutex_lock(&pool->lock);
		if (!wl_list_empty(&pool->done)) {
			eventfd_write(pool->event, 1);
		}
		pthread_mutex_unlock(&pool->lock);
		job_finish(job);
	}
	return 0;
}

static bool pool_start(struct work_pool *pool, int threads) {
	// Signals are the loop's: a thread must not take one.
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	int error = 0;
	while (pool->threads_size < threads && error == 0) {
		error = pthread_create(&pool->threads[pool->threads_size], NULL, thread_main, pool);
		if (error == 0) {
			pool->threads_size++;
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (error != 0) {
		errno = error;
		log_errno("cannot start a thread");
	}
	return pool->threads_size > 0;
}

static void pool_stop(struct work_pool *pool) {
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (int i = 0; i < pool->threads_size; i++) {
		pthread_join(pool->threads[i], NULL);
	}
}

static void pool_free(struct work_pool *pool) {
	if (pool->source) {
		wl_event_source_remove(pool->source);
	}
	if (pool->event >= 0) {
		close(pool->event);
	}
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool);
}

struct work_pool *work_pool_create(struct wl_event_loop *loop, int threads) {
	assert(threads > 0);
	struct work_pool *pool = calloc(1, sizeof(*pool));
	if (!pool) {
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	wl_list_init(&pool->waiting);
	wl_list_init(&pool->done);
	pool->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->threads = calloc((size_t)threads, sizeof(pool->threads[0]));
	if (pool->event >= 0) {
		pool->source = wl_event_loop_add_fd(loop, pool->event, WL_EVENT_READABLE,
			handle_event, pool);
	}
	if (!pool->threads || !pool->source || !pool_start(pool, threads)) {
		pool_free(pool);
		return NULL;
	}
	return pool;
}

void work_pool_destroy(struct work_pool *pool) {
	if (!pool) {
		return;
	}
	pool_stop(pool);
	struct work_job *job;
	while ((job = pool_take(pool, &pool->done))) {
		job_finish(job);
	}
	while ((job = pool_take(pool, &pool->waiting))) {
		job->cancelled = true;
		job_finish(job);
	}
	pool_free(pool);
}

struct work_job *work_add(struct work_pool *pool, void (*run)(void *data),
		void (*done)(void *data, bool cancelled), void *data) {
	struct work_job *job = calloc(1, sizeof(*job));
	if (!job) {
		return NULL;
	}
	*job = (struct work_job){.pool = pool, .run = run, .done = done, .data = data};
	pthread_mutex_lock(&pool->lock);
	wl_list_insert(pool->waiting.prev, &job->link);
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_signal(&pool->wake); // behind the lock, which the thread takes at once
	return job;
}

void work_cancel(struct work_job *job) {
	struct work_pool *pool = job->pool;
	pthread_mutex_lock(&pool->lock);
	job->cancelled = true;
	bool begun = job->state != JOB_WAITS;
	if (!begun) {
		wl_list_remove(&job->link);
	}
	pthread_mutex_unlock(&pool->lock);
	if (!begun) {
		job_finish(job);
	}
}
