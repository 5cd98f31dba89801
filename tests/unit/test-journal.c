/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test-journal.c - what the journal is told of an event. This program's
 * sd_journal_sendv_with_location() stands before libsystemd's.
 */
#include "tests/lib/cm.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "core/facts.h"
#include "core/frames.h"
#include "svc/journal.h"

static char sent[4096]; /* a field a line */

int sd_journal_sendv_with_location(const char *file, const char *line, const char *func, const struct iovec *iov, int n);
int sd_journal_sendv_with_location(const char *file, const char *line, const char *func, const struct iovec *iov, int n)
{
	size_t used = 0;
	int i;

	for (i = 0; i < n; i++)
		used += (size_t)snprintf(sent + used, sizeof(sent) - used, "%.*s\n", (int)iov[i].iov_len,
					 (char *)iov[i].iov_base);
	return 0;
}

/* As systemd starts a service: it says which stream stderr is. */
static int setup(void **state)
{
	char stream[64];
	struct stat st;

	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	sent[0] = '\0';
	return 0;
}

static void test_a_fault_has_all_its_fields(void **state)
{
	struct event_fact e = {
		.id = 7, .severity = EVENT_ERROR, .kind = "fault", .text = "a memory error", .next = "nvctl why db+0x5000",
		.action = "vmce", .status = "0xbd000000000000c0", .volume = "db", .volume_off = 5, .pool = { { 0x11 } },
		.off = 261, .nr = 1, .mfn = 0x140105, .domid = 3, .domain = "web1", .gfn = 0x3fc005,
	};

	journal_event(&e);
	assert_string_equal(sent, "NVDIMMD_EVENT=7\n"
				  "NVDIMMD_KIND=fault\n"
				  "NVDIMMD_NEXT=nvctl why db+0x5000\n"
				  "NVDIMMD_ACTION=vmce\n"
				  "NVDIMMD_STATUS=0xbd000000000000c0\n"
				  "NVDIMMD_POOL=11000000-0000-0000-0000-000000000000\n"
				  "NVDIMMD_POOL_OFFSET=1069056\n"
				  "NVDIMMD_SIZE=4096\n"
				  "NVDIMMD_SPA=0x140105000\n"
				  "NVDIMMD_VOLUME=db\n"
				  "NVDIMMD_VOLUME_OFFSET=20480\n"
				  "NVDIMMD_DOMID=3\n"
				  "NVDIMMD_DOMAIN=web1\n"
				  "NVDIMMD_GPA=0x3fc005000\n"
				  "MESSAGE=a memory error\n"
				  "PRIORITY=3\n");
}

static void test_what_does_not_apply_is_absent(void **state)
{
	struct event_fact e = {
		.id = 1, .severity = EVENT_INFO, .kind = "started", .text = "nvdimmd started",
		.domid = NV_NO_DOMID, .gfn = NV_NO_FRAME,
	};

	journal_event(&e);
	assert_string_equal(sent, "NVDIMMD_EVENT=1\nNVDIMMD_KIND=started\nMESSAGE=nvdimmd started\nPRIORITY=6\n");
	/* In a pool that is not on this host: it has an offset there, and no address. */
	e.pool.b[0] = 0x11;
	e.nr = 2;
	e.mfn = NV_NO_FRAME;
	journal_event(&e);
	assert_non_null(strstr(sent, "NVDIMMD_POOL_OFFSET=0\nNVDIMMD_SIZE=8192\nMESSAGE"));
}

static void test_the_longest_event_keeps_its_message(void **state)
{
	struct event_fact e = { .id = UINT64_MAX, .severity = EVENT_ALARM, .nr = 1, .domid = 1 };

	memset(e.text, 't', sizeof(e.text) - 1);
	memset(e.next, 'n', sizeof(e.next) - 1);
	memset(e.kind, 'k', sizeof(e.kind) - 1);
	memset(e.volume, 'v', sizeof(e.volume) - 1);
	memset(e.domain, 'd', sizeof(e.domain) - 1);
	e.pool.b[0] = 1;
	journal_event(&e);
	assert_non_null(strstr(sent, "\nMESSAGE=ttt"));
	assert_non_null(strstr(sent, "\nPRIORITY=1\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_fault_has_all_its_fields, setup),
		cmocka_unit_test_setup(test_what_does_not_apply_is_absent, setup),
		cmocka_unit_test_setup(test_the_longest_event_keeps_its_message, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
