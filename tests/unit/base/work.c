/* SPDX-License-Identifier: MIT */
/*
 * work.c - promises of base/work.h. Threads are held and let go by semaphores, never by time.
 */
#include "base/work.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

struct job {
	sem_t begun, go;
	bool gated;
	pthread_t thread;
	bool ran, signals_blocked;
	int done;
	bool cancelled;
	bool done_on_loop;
	struct work_pool *destroy; // in done
};

struct fixture {
	struct wl_event_loop *loop;
	struct work_pool *pool;
};

static pthread_t loop_thread;

static void job_init(struct job *job, bool gated) {
	*job = (struct job){.gated = gated};
	sem_init(&job->begun, 0, 0);
	sem_init(&job->go, 0, 0);
}

static void run(void *data) {
	struct job *job = data;
	sigset_t set;
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	job->signals_blocked = sigismember(&set, SIGTERM) && sigismember(&set, SIGCHLD);
	job->thread = pthread_self();
	sem_post(&job->begun);
	if (job->gated) {
		sem_wait(&job->go);
	}
	job->ran = true;
}

static void done(void *data, bool cancelled) {
	struct job *job = data;
	job->done++;
	job->cancelled = cancelled;
	job->done_on_loop = pthread_equal(pthread_self(), loop_thread);
	work_pool_destroy(job->destroy);
}

static void wait_done(struct fixture *fixture, struct job *job) {
	while (job->done == 0) {
		assert_int_equal(wl_event_loop_dispatch(fixture->loop, PATIENCE_MS), 0);
	}
}

static int setup(void **state) {
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	loop_thread = pthread_self();
	fixture->loop = wl_event_loop_create();
	fixture->pool = work_pool_create(fixture->loop, 2);
	*state = fixture;
	return fixture->pool ? 0 : -1;
}

static int teardown(void **state) {
	struct fixture *fixture = *state;
	work_pool_destroy(fixture->pool);
	wl_event_loop_destroy(fixture->loop);
	free(fixture);
	return 0;
}

static void test_job(void **state) {
	struct fixture *fixture = *state;
	struct job job;
	job_init(&job, false);
	assert_non_null(work_add(fixture->pool, run, done, &job));
	wait_done(fixture, &job);
	assert_true(job.ran && job.signals_blocked && job.done_on_loop);
	assert_false(pthread_equal(job.thread, loop_thread));
	assert_false(job.cancelled);
	assert_int_equal(job.done, 1);
}

static void test_many(void **state) {
	struct fixture *fixture = *state;
	enum { JOBS = 500 };
	struct job *jobs = calloc(JOBS, sizeof(jobs[0]));
	for (int i = 0; i < JOBS; i++) {
		job_init(&jobs[i], false);
		assert_non_null(work_add(fixture->pool, run, done, &jobs[i]));
	}
	for (int i = 0; i < JOBS; i++) {
		wait_done(fixture, &jobs[i]);
		assert_true(jobs[i].ran && !jobs[i].cancelled);
		assert_int_equal(jobs[i].done, 1);
	}
	free(jobs);
}

static void test_two_at_once(void **state) {
	struct fixture *fixture = *state;
	struct job a, b;
	job_init(&a, true);
	job_init(&b, true);
	work_add(fixture->pool, run, done, &a);
	work_add(fixture->pool, run, done, &b);
	sem_wait(&a.begun);
	sem_wait(&b.begun); // while a runs
	sem_post(&b.go);
	wait_done(fixture, &b); // in any order
	assert_int_equal(a.done, 0);
	sem_post(&a.go);
	wait_done(fixture, &a);
}

static void test_cancel(void **state) {
	struct fixture *fixture = *state;
	struct job a, b, waits;
	job_init(&a, true);
	job_init(&b, true);
	job_init(&waits, false);
	struct work_job *running = work_add(fixture->pool, run, done, &a);
	work_add(fixture->pool, run, done, &b);
	sem_wait(&a.begun);
	sem_wait(&b.begun);
	work_cancel(work_add(fixture->pool, run, done, &waits));
	assert_int_equal(waits.done, 1); // at once
	assert_true(waits.cancelled && !waits.ran);
	work_cancel(running);
	assert_int_equal(a.done, 0); // when it has ended
	sem_post(&a.go);
	wait_done(fixture, &a);
	assert_true(a.cancelled && a.ran);
	sem_post(&b.go);
	wait_done(fixture, &b);
	assert_false(b.cancelled);
	assert_int_equal(waits.done, 1);
}

static void *let_go(void *data) {
	struct job *jobs = data;
	sem_post(&jobs[0].go);
	sem_post(&jobs[1].go);
	return NULL;
}

static void test_destroy(void **state) {
	struct fixture *fixture = *state;
	struct job jobs[3];
	pthread_t thread;
	for (int i = 0; i < 3; i++) {
		job_init(&jobs[i], i < 2);
		work_add(fixture->pool, run, done, &jobs[i]);
	}
	sem_wait(&jobs[0].begun);
	sem_wait(&jobs[1].begun);
	// Both threads are busy until this one lets them go; the third may or may not begin then.
	pthread_create(&thread, NULL, let_go, jobs);
	work_pool_destroy(fixture->pool);
	fixture->pool = NULL;
	pthread_join(thread, NULL);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(jobs[i].done, 1);
		assert_true(jobs[i].done_on_loop);
		assert_true(jobs[i].ran != jobs[i].cancelled);
	}
}

static void test_destroy_in_done(void **state) {
	struct fixture *fixture = *state;
	struct job a, b;
	job_init(&a, false);
	job_init(&b, false);
	a.destroy = fixture->pool;
	work_add(fixture->pool, run, done, &a);
	sem_wait(&a.begun);
	work_add(fixture->pool, run, done, &b);
	wait_done(fixture, &a);
	fixture->pool = NULL;
	assert_int_equal(a.done, 1);
	assert_int_equal(b.done, 1);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_job, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroy_in_done, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
