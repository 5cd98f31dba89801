/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * svc/journal.c - where the daemon's lines go: the journal with fields, or stderr.
 */
#include "svc/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

#include "svc/event_vars.h"

/* systemd.exec(5): device and inode of the stream that stderr was given. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && !fstat(STDERR_FILENO, &st) &&
	       st.st_dev == dev && st.st_ino == ino;
}

void journal_line(int priority, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (stderr_is_journal()) {
		sd_journal_printv(priority, fmt, ap);
	} else {
		flockfile(stderr);
		fputs("nvdimmd: ", stderr);
		vfprintf(stderr, fmt, ap);
		fputc('\n', stderr);
		funlockfile(stderr);
	}
	va_end(ap);
}

static int event_priority(uint32_t severity)
{
	static const int priorities[] = {
		[EVENT_INFO] = LOG_INFO,       [EVENT_NOTICE] = LOG_NOTICE, [EVENT_WARNING] = LOG_WARNING,
		[EVENT_ERROR] = LOG_ERR,       [EVENT_ALARM] = LOG_ALERT,
	};

	return severity >= EVENT_INFO && severity <= EVENT_ALARM ? priorities[severity] : LOG_NOTICE;
}

void journal_event(const struct event_fact *e)
{
	struct iovec fields[NV_ARRAY_SIZE(((struct event_vars *)NULL)->vars)];
	struct event_vars v;
	size_t i;

	if (!stderr_is_journal()) {
		journal_line(event_priority(e->severity), "%s", e->text);
		return;
	}
	event_vars_init(&v, e);
	event_vars_add(&v, "MESSAGE=%s", e->text);
	event_vars_add(&v, "PRIORITY=%i", event_priority(e->severity));
	for (i = 0; i < v.nr; i++)
		fields[i] = (struct iovec){ v.vars[i], strlen(v.vars[i]) };
	sd_journal_sendv(fields, (int)v.nr);
}
