/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault-store.c - the book on a disk that fills up, fails, loses power, or gives
 * back other bytes than were written; and in a process that is killed.
 *
 *	fault-store [ROUNDS [SEED]]
 *
 * What was committed is there afterwards, what was not is not, and what is
 * damaged is refused: nothing is lost in silence.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/lib/books.h"
#include "tests/lib/prop.h"
#include "tests/lib/sqlite-memory.h"
#include "tests/lib/vfs.h"

#define must(x)                                                             \
	do {                                                                \
		if (!(x)) {                                                 \
			fprintf(stderr, "%s:%d: not so: %s%s%s\n",          \
				__FILE__, __LINE__, #x, note[0] ? ": " : "", \
				note);                                      \
			abort();                                            \
		}                                                           \
	} while (0)

static char note[700]; /* for messages: what was going on */
static struct book_dir dir;
static const struct store_sqlite_conf conf = { .vfs = VFS_NAME };

static struct store *must_open(void)
{
	struct nv_why why = { "" };
	struct store *s = NULL;

	if (store_sqlite_open(dir.path, &conf, &why, &s))
		snprintf(note, sizeof(note), "%s", why.text);
	must(s);
	return s;
}

static void fresh(void)
{
	static const char *const parts[] = { "", "-wal", "-shm", "-journal" };
	char path[120];
	size_t i;

	for (i = 0; i < NV_ARRAY_SIZE(parts); i++) {
		snprintf(path, sizeof(path), "%s%s", dir.path, parts[i]);
		unlink(path);
	}
}

/*
 * The work: each step is one commit, and says afterwards what the book must
 * hold. Five bytes tell a state of the book.
 */
#define STEPS 8

static int step(struct store *s, int n)
{
	struct bad_fact b = { .pool = { { 1 } }, .off = (uint64_t)n * 2, .nr = 5,
			      .source = BAD_MCE };
	struct event_fact e = { .severity = EVENT_INFO, .text = "step" };
	struct pool_fact p = a_pool((uint8_t)(n + 1));
	struct guest_fact g = a_guest((uint8_t)(n % 3), (uint8_t)(n + 1));
	struct volume_fact v;
	struct extent x[2];
	uint64_t id;
	int r;

	v = a_volume((uint8_t)(n + 1), x);
	r = store_begin(s, STORE_DURABLE);
	if (!r)
		r = store_pool_put(s, &p);
	if (!r)
		r = store_volume_put(s, &v, x);
	if (!r)
		r = store_guest_put(s, &g);
	if (!r && n % 3 == 1)
		r = store_guest_del(s, "name:db0", 0);
	v = a_volume((uint8_t)(n - 1), x);
	if (!r && n > 1)
		r = store_volume_del(s, &v.uuid);
	if (!r)
		r = store_bad_add(s, &b);
	if (!r && n % 3 == 2)
		r = store_bad_del(s, &b.pool, b.off, 2);
	if (!r)
		r = store_event_add(s, &e, &id);
	if (!r)
		r = store_commit(s);
	store_rollback(s);
	return r;
}

static struct script after[STEPS + 1]; /* what the book says after n steps */

static void learn(void)
{
	struct store *s;
	int n;

	fresh();
	s = must_open();
	for (n = 0; n <= STEPS; n++) {
		must(!book_say(s, &after[n]));
		if (n < STEPS)
			must(!step(s, n));
	}
	store_freep(&s);
}

/* Which of the states is it? -1: none, which would be a torn one. */
static int state_of(struct store *s)
{
	struct script now;
	int n, r;

	r = book_say(s, &now);
	if (r) {
		snprintf(note, sizeof(note), "%s", store_why(s));
		return -1;
	}
	for (n = STEPS; n >= 0; n--)
		if (!strcmp(now.text, after[n].text))
			return n;
	snprintf(note, sizeof(note), "%.600s", now.text);
	return -1;
}

/*
 * Every change of a file fails once, or from then on. The step that meets it
 * says so and has changed nothing, or it never met it and is done; after the
 * disk is well again the work goes on in the same process.
 */
static void fail_everywhere(enum vfs_fault fault, bool keep)
{
	struct store *s;
	uint64_t nth;
	int n, r, failed = 1;

	vfs_keep_failing(keep);
	for (nth = 1; failed; nth++) {
		fresh();
		s = must_open();
		must(!step(s, 0));
		failed = 0;
		vfs_fault_at(nth, fault);
		for (n = 1; n < STEPS; n++) {
			r = step(s, n);
			must(r <= 0 || r == NV_E_BOOK_READ_ONLY);
			must(!r || vfs_failed());
			if (r) {
				failed++;
				must(r != -ENOSPC || fault == VFS_FULL);
				must(state_of(s) == n);
				vfs_fault_at(0, fault);
				must(!step(s, n));
			}
			must(state_of(s) == n + 1);
			if (n % 4 == 0 && store_idle(s))
				failed++;
		}
		failed += vfs_failed();
		vfs_fault_at(0, fault);
		store_freep(&s);
		s = must_open();
		must(state_of(s) == STEPS);
		store_freep(&s);
	}
	vfs_keep_failing(false);
	printf("fault %d%s: %llu places\n", fault, keep ? " and on" : "",
	       (unsigned long long)nth - 2);
}

/*
 * Every allocation fails once, or every so many: SQLite may do without, then
 * the step is done; or the step says so and has changed nothing.
 */
static void run_out_of_memory(uint64_t stride)
{
	struct store *s;
	uint64_t nth, refused = 0;
	int n, r;

	for (nth = 1; nth == 1 || sqlite_memory_failed(); nth += stride) {
		fresh();
		s = must_open();
		must(!step(s, 0));
		sqlite_memory_fail_at(nth);
		for (n = 1; n < STEPS; n++) {
			r = step(s, n);
			must(!r || sqlite_memory_failed());
			must(!r || r == -ENOMEM);
			if (r) {
				refused++;
				sqlite_memory_heal();
				must(state_of(s) == n);
				must(!step(s, n));
			}
		}
		sqlite_memory_heal();
		must(state_of(s) == STEPS);
		store_freep(&s);
	}
	must(refused);
	printf("memory: %llu places, %llu steps refused\n",
	       (unsigned long long)(nth / stride), (unsigned long long)refused);
}

/* Opening, too: it says what is wrong, and the next try is fine. */
static void fail_to_open(enum vfs_fault fault)
{
	struct nv_why why = { "" };
	struct store *s;
	uint64_t nth;
	int r = 1;

	for (nth = 1; r; nth++) {
		fresh();
		vfs_fault_at(nth, fault);
		r = store_sqlite_open(dir.path, &conf, &why, &s);
		must(!r || (why.text[0] && vfs_failed()));
		vfs_fault_at(0, fault);
		if (!r)
			store_freep(&s);
		s = must_open();
		must(state_of(s) == 0);
		store_freep(&s);
	}
}

/*
 * The child works until it is killed, or the power goes; it says after each
 * step how far it has come. The parent finds that, or one step more.
 */
static void die_everywhere(enum vfs_fault fault, uint64_t seed)
{
	volatile int *done = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct store *s;
	int n, status, state;
	uint64_t nth;
	pid_t pid;

	must(done != MAP_FAILED);
	for (nth = 1;; nth++) {
		fresh();
		*done = 0;
		pid = fork();
		must(pid >= 0);
		if (!pid) {
			vfs_seed(seed + nth);
			vfs_fault_at(nth, fault);
			s = must_open();
			for (n = 0; n < STEPS; n++) {
				must(!step(s, n));
				*done = n + 1;
				if (n % 5 == 4)
					store_idle(s);
			}
			store_freep(&s);
			_exit(0);
		}
		must(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
		snprintf(note, sizeof(note), "seed 0x%llx call %llu",
			 (unsigned long long)seed, (unsigned long long)nth);
		must(WEXITSTATUS(status) == VFS_EXIT ||
		     WEXITSTATUS(status) == 0);
		s = must_open();
		state = state_of(s);
		must(state == *done || state == *done + 1);
		for (n = state; n < STEPS; n++)
			must(!step(s, n));
		store_freep(&s);
		if (!WEXITSTATUS(status))
			break;
	}
	munmap((void *)done, 4096);
	printf("death %d: %llu places\n", fault, (unsigned long long)nth - 1);
}

/* Read, change a byte, write back; and again to undo it. */
static void flip(uint64_t at, unsigned char with)
{
	int fd = open(dir.path, O_RDWR);
	unsigned char b;

	must(fd >= 0);
	must(pread(fd, &b, 1, (off_t)at) == 1);
	b ^= with;
	must(pwrite(fd, &b, 1, (off_t)at) == 1);
	close(fd);
}

/* Return: was it noticed? If not, the book says what it said before. */
static bool notices(void)
{
	struct nv_why why = { "" };
	struct script now;
	struct store *s;
	bool noticed;
	int r;

	r = store_sqlite_open(dir.path, &conf, &why, &s);
	if (r) {
		must(r == NV_E_BAD_BOOK || r == NV_E_BOOK_READ_ONLY);
		return true;
	}
	r = book_say(s, &now);
	noticed = r == NV_E_BAD_BOOK;
	must(noticed || !r);
	must(noticed || !strcmp(now.text, after[STEPS].text));
	store_freep(&s);
	return noticed;
}

static void copy(const char *from, const char *to)
{
	static char data[1 << 20];
	int in = open(from, O_RDONLY);
	int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n;

	must(in >= 0 && out >= 0);
	n = read(in, data, sizeof(data));
	must(n > 0 && n < (ssize_t)sizeof(data) && write(out, data, n) == n);
	close(in);
	close(out);
}

/* Any byte of the file may be another one, one bit or several. */
static void flip_bytes(struct prop *rnd, uint64_t rounds)
{
	uint64_t i, noticed = 0, at;
	char keep[120];
	struct stat st;
	struct store *s;
	int n;

	fresh();
	s = must_open();
	for (n = 0; n < STEPS; n++)
		must(!step(s, n));
	store_freep(&s);
	must(!stat(dir.path, &st));
	snprintf(keep, sizeof(keep), "%s/keep", dir.dir);
	copy(dir.path, keep);
	for (i = 0; i < rounds; i++) {
		at = prop_below(rnd, (uint64_t)st.st_size);
		/* Half of them where there is something, page by page. */
		if (i & 1)
			at = at / 4096 * 4096 + prop_below(rnd, 2) * 3500 +
			     prop_below(rnd, 590);
		snprintf(note, sizeof(note), "byte %llu of %s",
			 (unsigned long long)at, keep);
		flip(at, (unsigned char)(prop_below(rnd, 3) ?
						 1u << prop_below(rnd, 8) :
						 1 + prop_below(rnd, 255)));
		if (notices())
			noticed++;
		fresh();
		copy(keep, dir.path);
	}
	printf("flipped %llu bytes: %llu noticed, the others meant nothing\n",
	       (unsigned long long)rounds, (unsigned long long)noticed);
	must(noticed);
}

/* A file that is cut short is not taken for a shorter book. */
static void cut_short(void)
{
	struct stat st;
	off_t size;
	char keep[120];

	snprintf(keep, sizeof(keep), "%s/keep", dir.dir);
	must(!stat(dir.path, &st));
	for (size = st.st_size - 4096; size > 0; size -= 2048) {
		must(!truncate(dir.path, size));
		snprintf(note, sizeof(note), "cut to %lld", (long long)size);
		must(notices());
		fresh();
		copy(keep, dir.path);
	}
}

int main(int argc, char **argv)
{
	struct prop rnd;
	uint64_t rounds, i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	rnd = prop_begin(argc, argv);
	rounds = argc > 1 ? rnd.ops : NV_MIN(rnd.ops / 400, UINT64_C(2000));
	must(!sqlite_memory_register());
	vfs_register();
	must(!book_dir_make(&dir));
	learn();
	fail_to_open(VFS_FULL);
	fail_to_open(VFS_IOERR);
	fail_everywhere(VFS_FULL, false);
	fail_everywhere(VFS_FULL, true);
	fail_everywhere(VFS_IOERR, false);
	run_out_of_memory(1 + prop_below(&rnd, 3));
	die_everywhere(VFS_KILL, 0);
	for (i = 0; i < 1 + rounds / 2500; i++)
		die_everywhere(VFS_POWER, prop_random(&rnd));
	flip_bytes(&rnd, rounds);
	cut_short();
	book_dir_remove(&dir);
	return 0;
}
