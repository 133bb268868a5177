/* Anonymous pages that a script drives: commands on standard input, "ok" on standard output after each.
 *
 * make COUNT SEED            map COUNT pages and fill them: a tenth zeros, a seventh noise, the others text after noise
 * load COUNT                 map COUNT pages and fill them from the file that the first argument names
 * touch TIMES SEED PERCENT   touch pages, some much more often than others; PERCENT of them are written to
 * walk FIRST COUNT WRITE     touch a range in order
 * free FIRST COUNT           give pages back (MADV_DONTNEED)
 * time FIRST COUNT           touch a range in order, and print to standard error what each touch took, in ns
 * push FIRST COUNT MICROS    page out one page at a time (MADV_PAGEOUT), with a sleep after each
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static uint64_t state;
static volatile unsigned sum;

static uint64_t next(void)
{
	uint64_t z = (state += 0x9E3779B97F4A7C15ULL);

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

static void fill(unsigned char *page)
{
	static const char words[] = "the quick brown fox jumps over the lazy dog and then it sleeps ";
	unsigned kind = next() % 70, noise = kind < 17 ? PAGE : next() % 2400;

	if (kind < 7) {
		memset(page, 0, PAGE);
		return;
	}
	for (unsigned at = 0; at < PAGE; at++)
		page[at] = at < noise ? next() : words[(at * 7 + noise) % (sizeof(words) - 1)];
}

static long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC_RAW, &at);
	return at.tv_sec * 1000000000L + at.tv_nsec;
}

/* the clock's own time is taken off each touch: the least of some calls */
static void timed(unsigned char *pages, long first, long count)
{
	long own = 1000000, before;

	for (int i = 0; i < 100; i++) {
		before = now();
		before = now() - before;
		own = before < own ? before : own;
	}
	for (long i = first; i < first + count; i++) {
		before = now();
		sum += pages[i * PAGE];
		fprintf(stderr, "touch %ld\n", now() - before - own);
	}
}

static unsigned char *map(long count)
{
	return mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	char line[128], verb[16];
	unsigned char *pages = NULL;
	long count = 0, a, b, c;

	setvbuf(stdout, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		a = b = c = 0;
		if (sscanf(line, "%15s %ld %ld %ld", verb, &a, &b, &c) < 1)
			continue;
		if (!strcmp(verb, "make")) {
			count = a;
			state = b;
			pages = map(count);
			for (long i = 0; i < count; i++)
				fill(pages + i * PAGE);
		} else if (!strcmp(verb, "load") && argc > 1) {
			FILE *file = fopen(argv[1], "rb");

			count = a;
			pages = map(count);
			if (!file || fread(pages, PAGE, count, file) != (size_t)count)
				return 1;
			fclose(file);
		} else if (!strcmp(verb, "touch")) {
			state = b;
			for (long i = 0; i < a; i++) {
				/* the smaller of three draws: low numbers are met most */
				uint64_t page = next() % count, other = next() % count, third = next() % count;

				page = page < other ? page : other;
				page = page < third ? page : third;
				page = page * 7919 % count;
				if ((long)(next() % 100) < c)
					*(uint64_t *)(pages + page * PAGE + next() % 500 * 8) = next();
				else
					sum += pages[page * PAGE + next() % PAGE];
			}
		} else if (!strcmp(verb, "walk")) {
			for (long i = a; i < a + b; i++)
				if (c)
					pages[i * PAGE + 8]++;
				else
					sum += pages[i * PAGE];
		} else if (!strcmp(verb, "time")) {
			timed(pages, a, b);
		} else if (!strcmp(verb, "free")) {
			madvise(pages + a * PAGE, b * PAGE, MADV_DONTNEED);
		} else if (!strcmp(verb, "push")) {
			for (long i = a; i < a + b; i++) {
				madvise(pages + i * PAGE, PAGE, MADV_PAGEOUT);
				usleep(c);
			}
		} else if (!strcmp(verb, "exit")) {
			break;
		}
		puts("ok");
	}
	return 0;
}
