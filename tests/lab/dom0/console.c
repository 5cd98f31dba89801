/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dom0/console.c - talk to the lab's guest through xenconsoled. */
#include "labtool.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Print the guest's lines in @log from @at on until @end says it was the last. */
static int follow(const char *log, long at, double seconds,
		  bool (*end)(const char *line, const char *arg), const char *arg)
{
	double begun = now(), until = begun + seconds;
	char line[1024];
	FILE *f = NULL;

	/* Soon often, then seldom: whoever takes long needs the processor more. */
	for (; now() < until; usleep(now() - begun < 2 ? 5000 : 100000)) {
		f = f ?: fopen(log, "re");
		if (!f)
			continue;
		fseek(f, at, SEEK_SET);
		while (fgets(line, sizeof(line), f) && strchr(line, '\n')) {
			at = ftell(f);
			line[strcspn(line, "\r\n")] = '\0';
			printf("%s\n", line);
			if (end(line, arg))
				return 0;
		}
		clearerr(f);
	}
	printf("no answer within %g s\n", seconds);
	return 124;
}

static bool is_answer(const char *line, const char *arg)
{
	return strstr(line, "NVGUEST done") || strstr(line, "NVGUEST error");
}

static bool has_text(const char *line, const char *text)
{
	return strstr(line, text);
}

int do_say(int argc, char **argv)
{
	int tty = open(argv[0], O_RDWR | O_NOCTTY | O_CLOEXEC);
	int log = open(argv[1], O_RDONLY | O_CLOEXEC);
	struct termios t;
	long at;

	if (tty < 0)
		return failed(argv[0]);
	if (!tcgetattr(tty, &t)) {
		cfmakeraw(&t);
		tcsetattr(tty, TCSANOW, &t);
	}
	at = log < 0 ? 0 : lseek(log, 0, SEEK_END);
	if (dprintf(tty, "%s\n", argv[3]) < 0)
		return failed("write");
	return follow(argv[1], at, (double)number(argv[2]), is_answer, NULL);
}

int do_await(int argc, char **argv)
{
	return follow(argv[0], 0, (double)number(argv[1]), has_text, argv[2]);
}
