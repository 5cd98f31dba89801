/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenlab/reader.c - the only process of a Linux guest: the same random 4 KiB
 * through a mapping of persistent memory and through a Xen block device.
 *
 * The kernel's command line says where: reader=GPA,SIZE,READS. The mapping is
 * /dev/mem, cached, as a DAX file is; the block device is read past the page
 * cache. Both sides read the same places, taking turns, into the same buffer.
 */
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096u
#define DEPTH 32
#define TURN 32	/* reads before it is the other side's turn */

struct reader {
	uint64_t gpa, size, reads;
	const uint8_t *map;
	int disk;
	uint64_t seed;
	uint64_t *took[2];	/* ns of each read */
};

enum { MAP, DISK };

static void fail(const char *what)
{
	printf("NVGUEST error %s: %m\n", what);
	for (;;)
		pause();
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* splitmix64, as tests/lab/pattern.h */
static uint64_t next_place(struct reader *r)
{
	uint64_t z = r->seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return (z ^ (z >> 31)) % (r->size / PAGE) * PAGE;
}

static void *buffer_new(size_t bytes)
{
	void *p = aligned_alloc(PAGE, bytes);

	if (!p)
		fail("memory");
	memset(p, 0xff, bytes);
	return p;
}

static void reader_open(struct reader *r)
{
	char line[1024] = "";
	int fd, i;

	mount("proc", "/proc", "proc", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);
	fd = open("/dev/console", O_RDWR);
	for (i = 0; i < 3; i++)
		dup2(fd, i);
	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = open("/proc/cmdline", O_RDONLY);
	if (read(fd, line, sizeof(line) - 1) <= 0 ||
	    sscanf(strstr(line, "reader=") ?: "", "reader=%li,%li,%li", &r->gpa, &r->size, &r->reads) != 3)
		fail("reader=");
	fd = open("/blkfront.ko", O_RDONLY);
	if (syscall(SYS_finit_module, fd, "", 0))
		fail("blkfront");
	for (i = 0; i < 600 && (r->disk = open("/dev/xvda", O_RDONLY | O_DIRECT)) < 0; i++)
		usleep(100000);
	if (r->disk < 0)
		fail("/dev/xvda");
	fd = open("/dev/mem", O_RDWR);
	r->map = mmap(NULL, r->size, PROT_READ, MAP_SHARED, fd, (off_t)r->gpa);
	if (r->map == MAP_FAILED)
		fail("/dev/mem");
	r->took[MAP] = buffer_new((r->reads + 1) * sizeof(uint64_t) / PAGE * PAGE + PAGE);
	r->took[DISK] = buffer_new((r->reads + 1) * sizeof(uint64_t) / PAGE * PAGE + PAGE);
}

static void one(struct reader *r, int side, uint64_t at, void *buf, uint64_t *took)
{
	uint64_t began = now_ns();

	if (side == MAP)
		memcpy(buf, r->map + at, PAGE);
	else if (pread(r->disk, buf, PAGE, (off_t)at) != PAGE)
		fail("pread");
	*took = now_ns() - began;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* ns that timing a read adds to it: both sides pay, and only the mapping feels it. */
static uint64_t clock_takes(struct reader *r)
{
	uint64_t i, began, *took = r->took[MAP];

	for (i = 0; i < r->reads; i++) {
		began = now_ns();
		took[i] = now_ns() - began;
	}
	qsort(took, r->reads, sizeof(uint64_t), by_size);
	return took[r->reads / 2];
}

/* Return: how many pages differed between the two. */
static uint64_t each(struct reader *r)
{
	uint8_t *bufs[2] = { buffer_new(TURN * PAGE), buffer_new(TURN * PAGE) };
	uint64_t at[TURN], done, i, bad = 0;
	int side, turn;

	for (done = 0; done < r->reads; done += TURN) {
		for (i = 0; i < TURN; i++)
			at[i] = next_place(r);
		for (turn = 0; turn < 2; turn++) {
			side = turn ^ (int)(done / TURN % 2);
			for (i = 0; i < TURN; i++)
				one(r, side, at[i], bufs[side] + i * PAGE, &r->took[side][done + i]);
		}
		for (i = 0; i < TURN; i++)
			bad += memcmp(bufs[MAP] + i * PAGE, bufs[DISK] + i * PAGE, PAGE) != 0;
	}
	return bad;
}

/* ns for all reads, as many at once as help. */
static uint64_t all_mapped(struct reader *r, uint8_t *buf)
{
	uint64_t began = now_ns(), i;

	for (i = 0; i < r->reads; i++)
		memcpy(buf + i % DEPTH * PAGE, r->map + next_place(r), PAGE);
	return now_ns() - began;
}

static uint64_t all_disk(struct reader *r, uint8_t *buf)
{
	struct iocb cb[DEPTH] = { 0 }, *start[DEPTH];
	struct io_event ev[DEPTH];
	uint64_t began, sent = 0, done = 0;
	aio_context_t ctx = 0;
	long i, n;

	if (syscall(SYS_io_setup, DEPTH, &ctx))
		fail("io_setup");
	began = now_ns();
	for (n = DEPTH; done < r->reads; done += (uint64_t)n) {
		long k = 0;

		for (i = 0; i < n && sent < r->reads; i++, sent++) {
			struct iocb *c = done || sent >= DEPTH ? (struct iocb *)(uintptr_t)ev[i].obj : &cb[sent];

			c->aio_fildes = (uint32_t)r->disk;
			c->aio_lio_opcode = IOCB_CMD_PREAD;
			c->aio_buf = (uintptr_t)(buf + (c - cb) * PAGE);
			c->aio_nbytes = PAGE;
			c->aio_offset = (int64_t)next_place(r);
			start[k++] = c;
		}
		if (k && syscall(SYS_io_submit, ctx, k, start) != k)
			fail("io_submit");
		n = syscall(SYS_io_getevents, ctx, 1L, (long)DEPTH, ev, NULL);
		if (n <= 0)
			fail("io_getevents");
	}
	return now_ns() - began;
}

int main(void)
{
	struct reader r = { .seed = 1 };
	uint64_t bad, clock, mapped, disk;
	uint8_t *buf;
	int side;

	reader_open(&r);
	buf = buffer_new(DEPTH * PAGE);
	all_mapped(&r, buf);	/* page tables and caches */
	clock = clock_takes(&r);
	bad = each(&r);
	for (side = MAP; side <= DISK; side++)
		qsort(r.took[side], r.reads, sizeof(uint64_t), by_size);
	mapped = all_mapped(&r, buf);
	disk = all_disk(&r, buf);
	printf("NVGUEST done reads=%lu different=%lu map50=%lu map99=%lu disk50=%lu disk99=%lu "
	       "map_all=%lu disk_all=%lu clock50=%lu\n", r.reads, bad,
	       r.took[MAP][r.reads / 2], r.took[MAP][r.reads * 99 / 100],
	       r.took[DISK][r.reads / 2], r.took[DISK][r.reads * 99 / 100], mapped, disk, clock);
	for (;;)
		pause();
}
