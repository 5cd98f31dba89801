/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-server.c - the control socket with clients that behave.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "codec/wire.h"
#include "tests/lib/cm.h"
#include "tests/lib/served.h"

static void test_calls_are_answered_in_order(void **state)
{
	static const char three[] = CALL("GetStatus", "") "\0" CALL("Nothing", "") "\0" CALL("GetStatus", "");
	struct served *f = *state;
	char buf[256];
	bool closed;
	int fd;

	served_start(f);
	fd = served_dial(f);
	assert_int_equal(send(fd, three, sizeof(three), 0), (ssize_t)sizeof(three));
	served_spin(f, 1);
	assert_int_equal(served_hear(fd, buf, sizeof(buf), &closed), 3 * sizeof(OK));
	assert_string_equal(buf + 2 * sizeof(OK), OK);
	assert_false(closed);
	assert_int_equal(f->calls, 3);
	close(fd);
	served_spin(f, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_a_call_may_come_byte_by_byte(void **state)
{
	static const char call[] = CALL("GetStatus", "");
	struct served *f = *state;
	size_t i;
	int fd;

	served_start(f);
	fd = served_dial(f);
	for (i = 0; i < sizeof(call); i++) {
		assert_int_equal(send(fd, call + i, 1, 0), 1);
		served_spin(f, 0);
	}
	served_expect(fd, OK, false);
	close(fd);
}

static void test_oneway_calls_are_carried_out_and_not_answered(void **state)
{
	struct served *f = *state;
	int fd;

	served_start(f);
	fd = served_dial(f);
	served_say(fd, CALL("GetStatus", ",\"oneway\":true"));
	served_say(fd, CALL("Map", ",\"oneway\":true"));
	served_spin(f, 1);
	assert_int_equal(f->calls, 2);
	client_refuse(f->held, NV_E_NO_SPACE, NULL);
	served_spin(f, 1);
	served_expect(fd, "", false);
	served_say(fd, CALL("GetStatus", ""));
	served_spin(f, 1);
	served_expect(fd, OK, false);
	close(fd);
}

static void test_whoever_sends_a_last_call_and_closes_is_heard(void **state)
{
	struct served *f = *state;
	int fd;

	served_start(f);
	fd = served_dial(f);
	served_say(fd, CALL("GetStatus", ",\"oneway\":true"));
	close(fd);
	served_spin(f, 1);
	assert_int_equal(f->calls, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_half_closed_connections_get_their_answer(void **state)
{
	const struct fields nothing = {};
	struct served *f = *state;
	int fd;

	served_start(f);
	fd = served_dial(f);
	served_say(fd, CALL("Map", ""));
	shutdown(fd, SHUT_WR);
	served_spin(f, 1);
	assert_non_null(f->held);
	client_reply(f->held, &nothing, NULL, false);
	served_spin(f, 1);
	served_expect(fd, OK, true);
	assert_int_equal(server_clients(f->server), 0);
	close(fd);
}

static void test_the_answer_to_a_client_that_left_is_dropped(void **state)
{
	struct served *f = *state;
	int fd;

	served_start(f);
	fd = served_dial(f);
	served_say(fd, CALL("Map", ""));
	served_spin(f, 1);
	assert_non_null(f->held);
	close(fd);
	served_spin(f, 1);
	assert_null(f->held);
	assert_int_equal(f->ended, 1);
	assert_int_equal(server_clients(f->server), 0);
}

static void test_the_socket_is_for_its_owner_alone_without_a_group(void **state)
{
	struct served *f = *state;
	struct stat st;

	served_start(f);
	assert_int_equal(stat(f->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_a_dead_daemon_s_socket_is_replaced_a_live_one_s_is_not(void **state)
{
	struct served *f = *state;
	struct server *second = NULL;
	struct nv_why why;
	int fd;

	served_start(f);
	assert_int_equal(server_new(f->event, &f->conf, served_call, f, &why, &second), NV_E_BUSY);
	assert_non_null(strstr(why.text, "another nvdimmd listens on"));
	/* die without cleaning up: the path stays, nobody listens */
	assert_int_equal(rename(f->path, "/tmp/nv-test-server-moved"), 0);
	f->server = server_free(f->server);
	assert_int_equal(rename("/tmp/nv-test-server-moved", f->path), 0);
	served_start(f);
	f->server = server_free(f->server);
	assert_int_equal(access(f->path, F_OK), -1);

	fd = open(f->path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(server_new(f->event, &f->conf, served_call, f, &why, &second), -EEXIST);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_a_socket_from_systemd_is_used_and_left_alone(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	struct served *f = *state;
	int fd;

	strcpy(a.sun_path, f->path);
	f->conf.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(f->conf.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(f->conf.fd, 5), 0);
	f->conf.path = NULL;
	served_start(f);
	fd = served_dial(f);
	served_say(fd, CALL("GetStatus", ""));
	served_spin(f, 1);
	served_expect(fd, OK, false);
	close(fd);
	f->server = server_free(f->server);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_an_unknown_group_is_a_bad_configuration(void **state)
{
	struct served *f = *state;
	struct nv_why why;

	f->conf.group = "no such group";
	assert_int_equal(server_new(f->event, &f->conf, served_call, f, &why, &f->server), NV_E_BAD_CONFIG);
	assert_string_equal(why.text, "there is no group 'no such group'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVED(test_calls_are_answered_in_order),
		SERVED(test_a_call_may_come_byte_by_byte),
		SERVED(test_oneway_calls_are_carried_out_and_not_answered),
		SERVED(test_whoever_sends_a_last_call_and_closes_is_heard),
		SERVED(test_half_closed_connections_get_their_answer),
		SERVED(test_the_answer_to_a_client_that_left_is_dropped),
		SERVED(test_the_socket_is_for_its_owner_alone_without_a_group),
		SERVED(test_a_dead_daemon_s_socket_is_replaced_a_live_one_s_is_not),
		SERVED(test_a_socket_from_systemd_is_used_and_left_alone),
		SERVED(test_an_unknown_group_is_a_bad_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
