/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-nvshim-sim.c - the simulator's socket when things go wrong: time-outs,
 * broken connections, hostile clients, and a host that is started anew.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim-hypercall/lib/simsock.h"
#include "tests/lib/cm.h"
#include "tests/lib/simhost.h"

struct fixture {
	struct simhost sim;
	struct nvshim *s;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	simhost_start(&f->sim, simhost_topology);
	assert_int_equal(nvshim_open(f->sim.where, &f->s), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	nvshim_close(f->s);
	simhost_stop(&f->sim);
	free(f);
	return 0;
}

static long get_info(struct nvshim *s, struct xen_nvdimm_info *ret)
{
	memset(ret, 0, sizeof(*ret));
	return nvshim_op(s, XEN_NVDIMM_get_info, ret, sizeof(*ret));
}

static void fault(struct fixture *f, const char *what)
{
	assert_int_equal(simhost_call(&f->sim, NULL, "fault add", "what", what,
				      "op", "get_info", "error", "12", NULL),
			 0);
}

static void test_a_simulator_that_hangs_is_an_error_in_time(void **state)
{
	struct fixture *f = *state;
	struct xen_nvdimm_info info;
	struct timespec a, b;

	nvshim_set_timeout(f->s, 200);
	fault(f, "hang");
	clock_gettime(CLOCK_MONOTONIC, &a);
	assert_int_equal(get_info(f->s, &info), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_true((b.tv_sec - a.tv_sec) * 1000 +
			    (b.tv_nsec - a.tv_nsec) / 1000000 >= 199);
	assert_int_equal(info.magic, 0);
	assert_int_equal(get_info(f->s, &info), 0);
}

static void test_faults_do_what_they_say_once(void **state)
{
	struct fixture *f = *state;
	struct xen_nvdimm_info info;

	fault(f, "fail");
	assert_int_equal(get_info(f->s, &info), -ENOMEM);
	assert_int_equal(info.magic, 0);
	assert_int_equal(get_info(f->s, &info), 0);
	fault(f, "fail-after");
	assert_int_equal(get_info(f->s, &info), -ENOMEM);
	assert_int_equal(info.magic, XEN_NVDIMM_MAGIC);
	fault(f, "lie");
	assert_int_equal(get_info(f->s, &info), 0);
	assert_int_equal(info.magic, 0);
	assert_int_equal(get_info(f->s, &info), 0);
	assert_int_equal(info.magic, XEN_NVDIMM_MAGIC);
}

static void test_a_broken_connection_stays_broken_until_opened_again(void **state)
{
	struct fixture *f = *state;
	struct xen_nvdimm_info info;

	fault(f, "drop-before");
	assert_int_equal(get_info(f->s, &info), -ECONNRESET);
	assert_int_equal(get_info(f->s, &info), -ENOTCONN);
	f->s = nvshim_close(f->s);
	assert_int_equal(nvshim_open(f->sim.where, &f->s), 0);
	assert_int_equal(get_info(f->s, &info), 0);
}

static void test_the_nth_operation_fails(void **state)
{
	struct fixture *f = *state;
	struct xen_nvdimm_info info;
	int i;

	assert_int_equal(simhost_call(&f->sim, NULL, "fault add", "nth", "3",
				      "times", "2", "error", "5", NULL), 0);
	for (i = 1; i <= 6; i++)
		assert_int_equal(get_info(f->s, &info),
				 i == 3 || i == 4 ? -EIO : 0);
}

static void test_a_new_start_is_a_new_boot_with_the_same_dimms(void **state)
{
	struct fixture *f = *state;
	struct xen_nvdimm_info before, after;
	struct json_object *out;
	char sentence[256];
	struct pollfd p;

	assert_int_equal(nvshim_hello(f->s, &before, sentence,
				      sizeof(sentence)), 0);
	assert_int_equal(nvshim_listen(f->s), 0);
	assert_int_equal(simhost_call(&f->sim, NULL, "host write", "spa",
				      "0x140000100", "bytes", "c0ffee", NULL),
			 0);
	simhost_kill(&f->sim);
	p = (struct pollfd){ .fd = nvshim_fd(f->s), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(nvshim_event_clear(f->s), -ENOTCONN);
	assert_int_equal(get_info(f->s, &after), -ECONNRESET);

	simhost_restart(&f->sim);
	f->s = nvshim_close(f->s);
	assert_int_equal(nvshim_open(f->sim.where, &f->s), 0);
	assert_int_equal(get_info(f->s, &after), 0);
	assert_int_not_equal(after.boot_id, before.boot_id);
	assert_int_equal(simhost_call(&f->sim, &out, "host read", "spa",
				      "0x140000100", "len", "3", NULL), 0);
	assert_string_equal(simhost_text(out, "data"), "c0ffee");
	json_object_put(out);
}

/* Answers the first request only after it got the second. */
static void late_server(int fd)
{
	_Alignas(8) char packet[2][256];
	struct simsock_head *h;
	ssize_t n[2];
	int c = accept(fd, NULL, NULL), i;

	for (i = 0; i < 2; i++)
		n[i] = recv(c, packet[i], sizeof(packet[i]), 0);
	for (i = 0; i < 2; i++) {
		h = (struct simsock_head *)packet[i];
		h->result = i ? -EAGAIN : -EIO;
		send(c, packet[i], (size_t)n[i], 0);
	}
	_exit(0);
}

static void test_a_late_answer_is_not_taken_for_the_next(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/nvdimm-sim-test-XXXXXX", where[128];
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	struct xen_nvdimm_info info;
	struct nvshim *s;
	pid_t pid;

	assert_non_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	pid = fork();
	if (!pid)
		late_server(fd);
	snprintf(where, sizeof(where), "sim:%s", a.sun_path);
	assert_int_equal(nvshim_open(where, &s), 0);
	nvshim_set_timeout(s, 200);
	assert_int_equal(get_info(s, &info), -ETIMEDOUT);
	nvshim_set_timeout(s, 10000);
	assert_int_equal(get_info(s, &info), -EAGAIN);
	nvshim_close(s);
	close(fd);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	unlink(a.sun_path);
	rmdir(dir);
}

static int raw_connect(const struct fixture *f)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->sim.socket);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void test_garbage_costs_the_others_nothing(void **state)
{
	static char packet[90000];
	struct fixture *f = *state;
	struct xen_nvdimm_info info;
	unsigned int i, n;
	uint32_t seed = 1;
	int fd;

	for (i = 0; i < 300; i++) {
		fd = raw_connect(f);
		for (n = 0; n < sizeof(packet); n++) {
			seed = seed * 1664525 + 1013904223;
			packet[n] = (char)(seed >> 24);
		}
		/* Often a head that makes sense, with a body that does not. */
		if (i % 2) {
			struct simsock_head h = {
				.kind = 1 + i % 4,
				.cmd = i % 20,
				.len = i % 3 ? i * 7 : 64,
			};

			memcpy(packet, &h, sizeof(h));
		}
		n = i % 5 ? 24 + i * 7 : i;
		send(fd, packet, i % 50 ? n : sizeof(packet), MSG_NOSIGNAL);
		close(fd);
	}
	assert_int_equal(get_info(f->s, &info), 0);
	assert_int_equal(simhost_call(&f->sim, NULL, "check", NULL), 0);
}

static void test_who_does_not_read_stops_only_itself(void **state)
{
	static const char verb[] = "{\"verb\":\"domain list\"}";
	struct fixture *f = *state;
	struct xen_nvdimm_info info;
	struct {
		struct simsock_head h;
		char text[sizeof(verb)];
	} packet = { .h = { .kind = SIMSOCK_CTL, .len = sizeof(verb) - 1 } };
	int fd = raw_connect(f), i;

	memcpy(packet.text, verb, sizeof(verb));
	for (i = 0; i < 10000; i++)
		if (send(fd, &packet, sizeof(packet.h) + packet.h.len,
			 MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
	assert_true(i < 10000);
	for (i = 0; i < 100; i++)
		assert_int_equal(get_info(f->s, &info), 0);
	close(fd);
	assert_int_equal(get_info(f->s, &info), 0);
}

static void test_a_watcher_hears_of_domains(void **state)
{
	struct simctl_domain *list;
	struct fixture *f = *state;
	uint8_t handle[16];
	struct pollfd p;
	uint32_t domid;
	size_t nr;

	assert_int_equal(simctl_fd(f->sim.ctl), -ENOTCONN);
	assert_int_equal(simctl_watch(f->sim.ctl), 0);
	p = (struct pollfd){ .fd = simctl_fd(f->sim.ctl), .events = POLLIN };
	assert_int_equal(poll(&p, 1, 0), 0);
	domid = simhost_guest(&f->sim, "g1", handle);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(simctl_watch_clear(f->sim.ctl), 1);
	assert_int_equal(simctl_watch_clear(f->sim.ctl), 0);

	assert_int_equal(simctl_domains(f->sim.ctl, &list, &nr), 0);
	assert_int_equal(nr, 2);
	assert_int_equal(list[0].domid, 0);
	assert_int_equal(list[0].type, SIMCTL_PV);
	assert_int_equal(list[1].domid, domid);
	assert_string_equal(list[1].name, "g1");
	assert_memory_equal(list[1].handle, handle, 16);
	assert_int_equal(list[1].type, SIMCTL_PVH);
	assert_int_equal(list[1].state, SIMCTL_RUNNING);
	assert_true(list[1].hap && !list[1].paused && !list[1].held);
	assert_int_equal(list[1].address_bits, 46);
	free(list);
	assert_int_equal(simhost_call(&f->sim, NULL, "domain destroy", "dom",
				      "g1", NULL), 0);
	assert_int_equal(poll(&p, 1, 5000), 1);
}

static void test_a_thousand_domains_are_listed_whole(void **state)
{
	struct simctl_domain *list;
	struct fixture *f = *state;
	uint8_t handle[16];
	char name[16];
	size_t nr;
	int i;

	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "g%d", i);
		simhost_guest(&f->sim, name, handle);
	}
	assert_int_equal(simctl_domains(f->sim.ctl, &list, &nr), 0);
	assert_int_equal(nr, 1001);
	assert_string_equal(list[1000].name, "g999");
	free(list);
}

static void test_an_answer_in_parts_comes_whole(void **state)
{
	struct fixture *f = *state;
	struct json_object *out, *pages, *page;
	uint8_t handle[16];
	char gpa[32];
	int i;

	simhost_guest(&f->sim, "g1", handle);
	for (i = 0; i < 2500; i++) {
		snprintf(gpa, sizeof(gpa), "%#lx", 0x100000000 + i * 8192L);
		assert_int_equal(simhost_call(&f->sim, NULL, "domain occupy",
					      "dom", "g1", "gpa", gpa, "size",
					      "4K", NULL), 0);
	}
	assert_int_equal(simhost_call(&f->sim, &out, "p2m", "dom", "g1", NULL),
			 0);
	assert_true(json_object_object_get_ex(out, "pages", &pages));
	assert_int_equal(json_object_array_length(pages), 2501);
	for (i = 1; i <= 2500; i++) {
		page = json_object_array_get_idx(pages, (size_t)i);
		assert_int_equal(simhost_number(page, "gpa"),
				 0x100000000 + (i - 1) * 8192L);
	}
	json_object_put(out);
}

static void test_requests_that_make_no_sense_say_why(void **state)
{
	struct fixture *f = *state;
	struct json_object *out;

	assert_int_equal(simhost_call(&f->sim, &out, "fly", NULL), -EINVAL);
	assert_int_equal(simhost_call(&f->sim, &out, "domain create", NULL),
			 -EINVAL);
	assert_int_equal(simhost_call(&f->sim, &out, "domain create", "name",
				      "a b", NULL), -EINVAL);
	assert_int_equal(simhost_call(&f->sim, &out, "domain create", "name",
				      "a", "memory", "a lot", NULL), -EINVAL);
	assert_int_equal(simhost_call(&f->sim, &out, "domain show", "dom", "a",
				      NULL), -ESRCH);
	assert_int_equal(simhost_call(&f->sim, &out, "host read", "spa", "0",
				      NULL), -ENXIO);
	assert_int_equal(simhost_call(&f->sim, &out, "domain destroy", "dom",
				      "0", NULL), -EPERM);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(test_a_simulator_that_hangs_is_an_error_in_time),
		T(test_faults_do_what_they_say_once),
		T(test_a_broken_connection_stays_broken_until_opened_again),
		T(test_the_nth_operation_fails),
		T(test_a_new_start_is_a_new_boot_with_the_same_dimms),
		T(test_garbage_costs_the_others_nothing),
		T(test_who_does_not_read_stops_only_itself),
		T(test_a_watcher_hears_of_domains),
		T(test_a_thousand_domains_are_listed_whole),
		cmocka_unit_test(test_a_late_answer_is_not_taken_for_the_next),
		T(test_an_answer_in_parts_comes_whole),
		T(test_requests_that_make_no_sense_say_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
