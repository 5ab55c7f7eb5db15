/* SPDX-License-Identifier: MIT */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include <stdbool.h>
#include <wayland-server-core.h>

/*
 * A small pool of threads for what would block the loop: files, hashing, disks. A job runs on a
 * thread and touches only its own data; done is called from the loop afterwards, in any order.
 */
struct work_pool;
struct work_job;

/* NULL: no threads, or no memory. */
struct work_pool *work_pool_create(struct wl_event_loop *loop, int threads);
/* Waits for the jobs that run; those not begun are dropped, their done is called with cancelled. */
void work_pool_destroy(struct work_pool *pool);

/* NULL: no memory; nothing will be called. */
struct work_job *work_add(struct work_pool *pool, void (*run)(void *data),
	void (*done)(void *data, bool cancelled), void *data);
/* done comes with cancelled, at once if the job has not begun, else when it has ended. */
void work_cancel(struct work_job *job);

#endif
