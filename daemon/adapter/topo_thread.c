/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * adapter/topo_thread.c - calls that may block, each in a thread of its own.
 */
#include "config.h"

#include "adapter/topo_thread.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/*
 * How long an answer is waited for before it is TOPO_MORE. Who asks again at
 * once does not spin, and a fault does not notice.
 */
#define PATIENCE_NS 2000000

enum job_what { JOB_TAKE, JOB_RELEASE, JOB_CLEAR };
enum job_state { JOB_NONE, JOB_RUNNING, JOB_DONE };

struct job {
	enum job_what what;
	struct nv_uuid id;
	bool again;
	uint64_t offset, nr;
};

/* Shared with the thread, which is left behind with it if it does not end. */
struct topo_thread {
	struct topo_port port;
	struct topo_port *real;
	pthread_mutex_t lock; /* of the state and the result */
	pthread_cond_t done;
	enum job_state state;
	struct job job;       /* of the one that runs, or is done and not asked for yet */
	int r;
	struct nv_why why;
};

static struct topo_thread *topo_thread(struct topo_port *p)
{
	return nv_container_of(p, struct topo_thread, port);
}

static bool job_equal(const struct job *a, const struct job *b)
{
	return a->what == b->what && nv_uuid_equal(&a->id, &b->id) && a->again == b->again &&
	       a->offset == b->offset && a->nr == b->nr;
}

static int job_call(struct topo_port *real, const struct job *j, struct nv_why *why)
{
	switch (j->what) {
	case JOB_TAKE:
		return topo_port_take(real, &j->id, j->again, why);
	case JOB_RELEASE:
		return topo_port_release(real, &j->id, why);
	case JOB_CLEAR:
		return topo_port_clear(real, &j->id, j->offset, j->nr, why);
	}
	return -EINVAL;
}

static void *job_thread(void *arg)
{
	struct topo_thread *t = arg;
	struct nv_why why = { "" };
	int r = job_call(t->real, &t->job, &why);

	pthread_mutex_lock(&t->lock);
	t->r = r;
	t->why = why;
	t->state = JOB_DONE;
	pthread_cond_signal(&t->done);
	pthread_mutex_unlock(&t->lock);
	return NULL;
}

/* The lock is held. */
static int job_start(struct topo_thread *t, const struct job *j)
{
	pthread_attr_t detached;
	sigset_t all, old;
	pthread_t thread;
	int r;

	t->job = *j;
	t->state = JOB_RUNNING;
	pthread_attr_init(&detached);
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	/* Signals are the event loop's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(&thread, &detached, job_thread, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&detached);
	if (r)
		t->state = JOB_NONE;
	return -r;
}

/* The lock is held. Return: false, it is at it still. */
static bool job_wait(struct topo_thread *t)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_nsec += PATIENCE_NS;
	end.tv_sec += end.tv_nsec / 1000000000;
	end.tv_nsec %= 1000000000;
	while (t->state == JOB_RUNNING)
		if (pthread_cond_clockwait(&t->done, &t->lock, CLOCK_MONOTONIC, &end))
			return false;
	return true;
}

/* The lock is held. */
static int job_result(struct topo_thread *t, struct nv_why *why)
{
	if (!job_wait(t))
		return TOPO_MORE;
	t->state = JOB_NONE;
	if (t->r && why)
		*why = t->why;
	return t->r;
}

static int job_ask(struct topo_thread *t, const struct job *j, struct nv_why *why)
{
	int r = TOPO_MORE;

	pthread_mutex_lock(&t->lock);
	if (job_wait(t)) {
		/* What nobody came back for is forgotten: all may be done twice. */
		r = t->state == JOB_DONE && job_equal(&t->job, j) ? 0 : job_start(t, j);
		if (!r)
			r = job_result(t, why);
	}
	pthread_mutex_unlock(&t->lock);
	return r;
}

static int thread_take(struct topo_port *p, const struct nv_uuid *id, bool again, struct nv_why *why)
{
	const struct job j = { .what = JOB_TAKE, .id = *id, .again = again };

	return job_ask(topo_thread(p), &j, why);
}

static int thread_release(struct topo_port *p, const struct nv_uuid *id, struct nv_why *why)
{
	const struct job j = { .what = JOB_RELEASE, .id = *id };

	return job_ask(topo_thread(p), &j, why);
}

static int thread_clear(struct topo_port *p, const struct nv_uuid *id, uint64_t offset, uint64_t nr,
			struct nv_why *why)
{
	const struct job j = { .what = JOB_CLEAR, .id = *id, .offset = offset, .nr = nr };

	return job_ask(topo_thread(p), &j, why);
}

/* Is the port below ours? Only we start threads, so it stays so. */
static bool is_free(struct topo_thread *t)
{
	bool running;

	pthread_mutex_lock(&t->lock);
	running = !job_wait(t);
	pthread_mutex_unlock(&t->lock);
	return !running;
}

static int thread_load(struct topo_port *p, struct topo **ret)
{
	struct topo_thread *t = topo_thread(p);

	return is_free(t) ? topo_port_load(t->real, ret) : -EAGAIN;
}

/* These two read a descriptor and are never waited for. */
static int thread_watch_fd(struct topo_port *p)
{
	return topo_port_watch_fd(topo_thread(p)->real);
}

static int thread_drain(struct topo_port *p, uint32_t *ret_changes)
{
	return topo_port_drain(topo_thread(p)->real, ret_changes);
}

static void thread_free(struct topo_port *p)
{
	struct topo_thread *t = topo_thread(p);

	/* The process ends; what the kernel does for it, it does to its end. */
	if (!is_free(t))
		return;
	topo_port_freep(&t->real);
	pthread_cond_destroy(&t->done);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static const struct topo_port_ops thread_ops = {
	.load = thread_load,
	.take = thread_take,
	.release = thread_release,
	.clear = thread_clear,
	.watch_fd = thread_watch_fd,
	.drain = thread_drain,
	.free = thread_free,
};

int topo_thread_new(struct topo_port *real, struct topo_port **ret)
{
	struct topo_thread *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->port.ops = &thread_ops;
	t->real = real;
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->done, NULL);
	*ret = &t->port;
	return 0;
}
