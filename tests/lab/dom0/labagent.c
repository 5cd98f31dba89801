/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dom0/labagent.c - does in Dom0 what the lab's driver asks over a port.
 *
 * Usage: labagent PORT. One request at a time, header lines and raw bytes:
 *
 *	ID run SECONDS LEN\n<shell script>   ID out LEN\n<bytes>... ID exit RC\n
 *	ID put MODE PATH LEN\n<bytes>        ID exit 0|ERRNO\n
 *	ID get PATH LEN\n                    ID out LEN\n<bytes>... ID exit 0|ERRNO\n
 *
 * The ID is the driver's: after a snapshot is loaded, whatever was under way
 * answers to an ID that nobody waits for any more. RC is 124 after a time-out.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BODY_MAX (256u << 20)

struct request {
	char id[32], verb[8], word[256];
	unsigned int number;
	size_t len;
	char *body;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void write_all(int fd, const void *p, size_t len)
{
	const char *at = p;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			die("labagent: write");
		if (n <= 0) {
			usleep(10000);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

/* The port reads as ended while no driver is connected: wait, never give up. */
static void read_all(int fd, void *p, size_t len)
{
	char *at = p;

	while (len) {
		ssize_t n = read(fd, at, len);

		if (n < 0 && errno != EINTR && errno != EAGAIN)
			die("labagent: read");
		if (n <= 0) {
			usleep(20000);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}

static void reply_out(int port, const struct request *q, const void *p, size_t len)
{
	char head[64];

	write_all(port, head, (size_t)snprintf(head, sizeof(head), "%s out %zu\n", q->id, len));
	write_all(port, p, len);
}

static void reply_exit(int port, const struct request *q, int rc)
{
	char head[64];

	write_all(port, head, (size_t)snprintf(head, sizeof(head), "%s exit %d\n", q->id, rc));
}

/* Return: false for a line that is no request, such as the tail of an old one. */
static bool request_read(int port, struct request *q)
{
	char line[512];
	size_t n = 0;

	for (;;) {
		read_all(port, &line[n], 1);
		if (line[n] == '\n')
			break;
		if (n < sizeof(line) - 1)
			n++;
	}
	line[n] = '\0';
	*q = (struct request){ .len = 0 };
	if (sscanf(line, "%31s run %u %zu", q->id, &q->number, &q->len) == 3)
		strcpy(q->verb, "run");
	else if (sscanf(line, "%31s put %o %255s %zu", q->id, &q->number, q->word, &q->len) == 4)
		strcpy(q->verb, "put");
	else if (sscanf(line, "%31s get %255s %zu", q->id, q->word, &q->len) == 3)
		strcpy(q->verb, "get");
	else
		return false;
	if (q->len > BODY_MAX)
		return false;
	q->body = malloc(q->len + 1);
	if (!q->body)
		die("labagent: malloc");
	read_all(port, q->body, q->len);
	q->body[q->len] = '\0';
	return true;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Forward what is in the pipe now. Return: false when it has ended. */
static bool forward(int port, const struct request *q, int from)
{
	char buf[65536];
	ssize_t n = read(from, buf, sizeof(buf));

	if (n > 0)
		reply_out(port, q, buf, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static void do_run(int port, const struct request *q)
{
	int64_t end = now_ms() + (int64_t)q->number * 1000;
	int out[2], status, rc;
	bool more = true;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC))
		die("labagent: pipe");
	pid = fork();
	if (pid < 0)
		die("labagent: fork");
	if (!pid) {
		setsid();
		dup2(open("/dev/null", O_RDONLY), 0);
		dup2(out[1], 1);
		dup2(out[1], 2);
		execl("/bin/sh", "sh", "-c", q->body, NULL);
		_exit(127);
	}
	close(out[1]);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	for (;;) {
		struct pollfd p = { .fd = more ? out[0] : -1, .events = POLLIN };

		/* what a script leaves in the background does not hold it up */
		poll(&p, 1, 20);
		if (p.revents)
			more = forward(port, q, out[0]);
		if (waitpid(pid, &status, WNOHANG) == pid) {
			rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			break;
		}
		if (now_ms() > end) {
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			rc = 124;
			break;
		}
	}
	for (struct pollfd p = { .fd = out[0], .events = POLLIN };
	     more && poll(&p, 1, 0) > 0; )
		more = forward(port, q, out[0]);
	close(out[0]);
	reply_exit(port, q, rc);
}

static void do_put(int port, const struct request *q)
{
	int fd = open(q->word, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, q->number);

	if (fd < 0) {
		reply_exit(port, q, errno);
		return;
	}
	write_all(fd, q->body, q->len);
	fchmod(fd, q->number);
	close(fd);
	reply_exit(port, q, 0);
}

static void do_get(int port, const struct request *q)
{
	char buf[65536];
	int fd = open(q->word, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0) {
		reply_exit(port, q, errno);
		return;
	}
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		reply_out(port, q, buf, (size_t)n);
	close(fd);
	reply_exit(port, q, n < 0 ? errno : 0);
}

int main(int argc, char **argv)
{
	struct request q;
	int port;

	if (argc != 2) {
		fprintf(stderr, "usage: labagent PORT\n");
		return 2;
	}
	port = open(argv[1], O_RDWR | O_CLOEXEC);
	if (port < 0)
		die(argv[1]);
	signal(SIGPIPE, SIG_IGN);
	write_all(port, "0 hello\n", 8);
	for (;;) {
		if (!request_read(port, &q))
			continue;
		if (q.verb[0] == 'r')
			do_run(port, &q);
		else if (q.verb[0] == 'p')
			do_put(port, &q);
		else
			do_get(port, &q);
		free(q.body);
	}
}
