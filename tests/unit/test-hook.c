/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-hook.c - the administrator's program, however it behaves. This program's
 * sd_event_add_time_relative() makes its 30 seconds 100 milliseconds.
 */
#include "tests/lib/cm.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "core/facts.h"
#include "core/frames.h"
#include "svc/hook.h"

static sd_event *event;
static struct hooks *hooks;
static char dir[] = "/tmp/test-hook.XXXXXX", program[64], hung[64], out[64];

int sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock, uint64_t usec, uint64_t accuracy,
			       sd_event_time_handler_t handler, void *userdata)
{
	uint64_t now;

	sd_event_now(e, clock, &now);
	return sd_event_add_time(e, ret, clock, now + usec / 300, 1000, handler, userdata);
}

static int group_setup(void **state)
{
	if (!mkdtemp(dir))
		return -1;
	snprintf(program, sizeof(program), "%s/hook", dir);
	snprintf(hung, sizeof(hung), "%s/hung", dir);
	snprintf(out, sizeof(out), "%s/out", dir);
	return 0;
}

static int group_teardown(void **state)
{
	unlink(program);
	unlink(hung);
	unlink(out);
	return rmdir(dir);
}

static int setup(void **state)
{
	sigset_t child;

	/* As the daemon does, for sd_event_add_child(). */
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	unlink(out);
	return sd_event_new(&event) < 0 || hooks_new(event, &hooks);
}

static int teardown(void **state)
{
	hooks = hooks_free(hooks);
	event = sd_event_unref(event);
	return 0;
}

/* What hangs holds no pipe that somebody may read to its end. */
static void script(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nexec >/dev/null 2>&1\n%s\n", text);
	fclose(f);
	assert_int_equal(chmod(path, 0700), 0);
}

static void run_hook(const char *path)
{
	struct event_fact e = { .id = 1, .kind = "fault", .text = "t", .domid = NV_NO_DOMID, .gfn = NV_NO_FRAME };

	hooks_run(hooks, path, &e);
}

/* Turns of the loop until @path has @size bytes, or for @ms. */
static bool spin(const char *path, off_t size, unsigned int ms)
{
	struct timespec begin, now;
	struct stat st;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		assert_true(sd_event_run(event, 10000) >= 0);
		if (path && !stat(path, &st) && st.st_size >= size)
			return true;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - begin.tv_sec) * 1000 + (now.tv_nsec - begin.tv_nsec) / 1000000 < (long)ms);
	return false;
}

static void test_one_that_hangs_is_killed_with_all_its_children(void **state)
{
	char text[256], pid[32] = "";
	int fd, i;

	snprintf(text, sizeof(text), "sleep 60 & echo $! >%s\nwait\nwait", out);
	script(hung, text);
	run_hook(hung);
	assert_true(spin(out, 2, 10000));
	fd = open(out, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, pid, sizeof(pid) - 1) > 0);
	close(fd);
	/* Somebody else's to reap, so it may stay for a moment as what it was. */
	for (i = 0; i < 100 && !kill(atoi(pid), 0); i++) {
		char stat_path[64], line[256] = "";
		FILE *f;

		spin(NULL, 0, 50);
		snprintf(stat_path, sizeof(stat_path), "/proc/%d/stat", atoi(pid));
		f = fopen(stat_path, "re");
		if (!f || !fgets(line, sizeof(line), f) || strstr(line, ") Z "))
			i = 100;
		if (f)
			fclose(f);
	}
	assert_int_not_equal(i, 100);
}

static void test_places_are_free_again_when_the_hung_are_gone(void **state)
{
	char text[128];
	int i;

	script(hung, "sleep 60");
	snprintf(text, sizeof(text), "echo ran >>%s", out);
	script(program, text);
	for (i = 0; i < HOOK_MAX; i++)
		run_hook(hung);
	/* All places are taken: this one is not run, and not remembered. */
	run_hook(program);
	assert_false(spin(out, 1, 400));
	run_hook(program);
	assert_true(spin(out, 4, 10000));
	assert_false(spin(out, 5, 200));
}

static void test_what_cannot_be_run_takes_no_place(void **state)
{
	char text[128];
	int i;

	for (i = 0; i < 2 * HOOK_MAX; i++)
		run_hook("/nonexistent/hook");
	snprintf(text, sizeof(text), "echo ran >>%s\nexit 3", out);
	script(program, text);
	run_hook(program);
	assert_true(spin(out, 4, 10000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_that_hangs_is_killed_with_all_its_children, setup, teardown),
		cmocka_unit_test_setup_teardown(test_places_are_free_again_when_the_hung_are_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_run_takes_no_place, setup, teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
