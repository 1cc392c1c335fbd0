/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (C) 2026 The Basalt authors
 */

#include "shm_peer.h"

#include <sys/random.h>
#include <sys/wait.h>

#if defined(__SANITIZE_THREAD__)
#define WITH_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define WITH_TSAN 1
#endif
#endif
#ifdef WITH_TSAN
/* Its shadow lies where SPDK's default is. */
#define BASE_VIRTADDR 0x7ea000000000ull
#endif

void
peer_start(struct peer *peer, peer_fn fn)
{
	int to[2], from[2];

	/* Writing to a peer that has failed is a failure, not the end. */
	signal(SIGPIPE, SIG_IGN);

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	peer->pid = fork();
	assert_true(peer->pid >= 0);
	if (peer->pid == 0) {
		close(to[1]);
		close(from[0]);
		fn(to[0], from[1]);
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	peer->to = to[1];
	peer->from = from[0];
	/* Not for the peers that come later: they would keep this one's pipe open. */
	fcntl(peer->to, F_SETFD, FD_CLOEXEC);
}

uint64_t
peer_answer(struct peer *peer)
{
	uint64_t answer = UINT64_MAX;

	assert_int_equal(read(peer->from, &answer, sizeof(answer)), sizeof(answer));
	return answer;
}

uint64_t
peer_ask(struct peer *peer, char command)
{
	assert_int_equal(write(peer->to, &command, 1), 1);
	return peer_answer(peer);
}

static int
peer_reap(struct peer *peer)
{
	int status;

	assert_int_equal(waitpid(peer->pid, &status, 0), peer->pid);
	close(peer->to);
	close(peer->from);
	return status;
}

void
peer_end(struct peer *peer)
{
	char end = '\0';
	int status;

	/* One that takes no commands may have ended. */
	if (write(peer->to, &end, 1) != 1) {
		assert_int_equal(errno, EPIPE);
	}
	status = peer_reap(peer);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

void
peer_kill(struct peer *peer)
{
	int status;

	kill(peer->pid, SIGKILL);
	status = peer_reap(peer);
	/* It may have said what is wrong, and ended before. */
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

char
peer_next(int in)
{
	char command;

	return read(in, &command, 1) == 1 ? command : '\0';
}

void
peer_tell(int out, uint64_t answer)
{
	PEER_CHECK(write(out, &answer, sizeof(answer)) == (ssize_t)sizeof(answer));
}

static int g_last_id;

int
shm_test_id(void)
{
	uint32_t number;

	/* Not the pid: in a container another test may have the same one. */
	assert_int_equal(getrandom(&number, sizeof(number), 0), sizeof(number));
	g_last_id = (int)(number & INT_MAX);
	return g_last_id;
}

int
shm_test_last_id(void)
{
	return g_last_id;
}

struct spdk_env_opts
shm_test_opts(int shm_id)
{
	struct spdk_env_opts opts = { .opts_size = sizeof(opts) };

	spdk_env_opts_init(&opts);
	opts.shm_id = shm_id;
	opts.mem_size = 192;
#ifdef BASE_VIRTADDR
	opts.base_virtaddr = BASE_VIRTADDR;
#endif
	return opts;
}

int
shm_test_start(void)
{
	struct spdk_env_opts opts = shm_test_opts(g_last_id);

	return spdk_env_init(&opts);
}

int
shm_test_files(int shm_id)
{
	char path[64], prefix[16];
	struct dirent *entry;
	int num = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/dev/shm/basalt.%u", (unsigned)geteuid());
	snprintf(prefix, sizeof(prefix), "%d.", shm_id);
	dir = opendir(path);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		num += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return num;
}

uint32_t
shm_test_rand(uint64_t *state)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33);
}

/* ---- What must be true ---- */

struct walk {
	uint64_t num_live;
	uint64_t live_bytes;
	uint64_t num_free;
	uint64_t num_slabs_with_room;
	bool last_free;
	uint32_t arena_first;
};

static void
check_slab(uint32_t page, struct walk *walk)
{
	struct shm_slab *slab = &shm_get()->slabs[page / SHM_SLAB_PAGES];
	uint32_t i, num_free = 0, num_used = 0;

	for (i = 0; i < SHM_SLAB_OBJS; i++) {
		if ((slab->used[i / 64] & (1ull << (i % 64))) == 0) {
			num_free++;
		} else if (slab->sizes[i] != 0 || i < 8) {
			num_used++;
		}
	}
	PEER_CHECK(slab->num_free == num_free);
	PEER_CHECK(num_used > 0);
	walk->num_slabs_with_room += num_free > 0;
}

static void
check_run(uint32_t page, uint64_t word, void *arg)
{
	struct shm *s = shm_get();
	struct walk *walk = arg;
	uint32_t len = shm_word_pages(word);
	bool is_free = shm_word_kind(word) == SHM_FREE;

	PEER_CHECK(s->pages[page + len - 1].back == len);
	/* Neighbours of an arena are never both free. */
	PEER_CHECK(!is_free || !walk->last_free || shm_arena_of(page)->first_page == page);
	walk->last_free = is_free;
	walk->num_free += is_free;
	if (shm_word_kind(word) == SHM_SLAB) {
		PEER_CHECK(len == SHM_SLAB_PAGES && page % SHM_SLAB_PAGES == 0);
		check_slab(page, walk);
	} else if (!is_free) {
		PEER_CHECK(shm_word_kind(word) == SHM_LARGE);
	}
}

static uint64_t
check_lists(void)
{
	struct shm *s = shm_get();
	uint64_t num = 0;
	uint32_t bin, at, prev;

	for (bin = 0; bin < SHM_BINS; bin++) {
		prev = 0;
		for (at = s->ctl->bins[bin]; at != 0; at = s->pages[at - 1].next) {
			uint64_t word = shm_word(&s->pages[at - 1]);

			PEER_CHECK(shm_word_kind(word) == SHM_FREE);
			PEER_CHECK(31u - (uint32_t)__builtin_clz(shm_word_pages(word)) == bin);
			PEER_CHECK(s->pages[at - 1].prev == prev);
			prev = at;
			num++;
		}
	}
	return num;
}

static uint64_t
check_partial(void)
{
	struct shm *s = shm_get();
	uint64_t num = 0;
	uint32_t i, j, at;

	for (i = 0; i < SHM_CLASSES; i++) {
		for (j = 0; j <= SHM_PROCS; j++) {
			for (at = s->ctl->partial[i][j]; at != 0; at = s->slabs[at - 1].next) {
				PEER_CHECK(s->slabs[at - 1].class_idx == i);
				PEER_CHECK(s->slabs[at - 1].num_free > 0);
				num++;
			}
		}
	}
	return num;
}

void
shm_test_check(void)
{
	struct shm_ctl *ctl = shm_get()->ctl;
	struct walk walk = { 0 };
	uint64_t num_live, live_bytes;
	uint32_t i;

	shm_lock();
	shm_run_each(check_run, &walk);
	PEER_CHECK(check_lists() == walk.num_free);
	PEER_CHECK(check_partial() == walk.num_slabs_with_room);
	for (i = 0; i < shm_get()->ctl->num_names; i++) {
		if (atomic_load(&ctl->names[i].kind) != SHM_NAME_NONE) {
			uint64_t word = shm_word(&shm_get()->pages[ctl->names[i].page]);

			PEER_CHECK(shm_word_kind(word) == SHM_LARGE);
			PEER_CHECK((word & SHM_WORD_SHARE) != 0);
		}
	}
	/* The counts are those that a rebuild finds. */
	num_live = ctl->num_live;
	live_bytes = ctl->live_bytes;
	shm_heap_rebuild();
	PEER_CHECK(ctl->num_live == num_live);
	PEER_CHECK(ctl->live_bytes == live_bytes);
	shm_unlock();
}
