/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A fuzz target without a fuzzer, for `make check`: every file of its corpus,
 * every prefix of it, and every bit of it flipped. The same inputs each time.
 */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"

#define INPUT_MAX 65536U /* bytes of a corpus file */

static size_t replay(uint8_t *input, size_t size)
{
	for (size_t n = 0; n <= size; n++)
		LLVMFuzzerTestOneInput(input, n);
	for (size_t bit = 0; bit < size * 8; bit++) {
		input[bit / 8] ^= (uint8_t)(1U << bit % 8);
		LLVMFuzzerTestOneInput(input, size);
		input[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	return size + 1 + size * 8;
}

static size_t replay_file(int directory, const char *name)
{
	static uint8_t input[INPUT_MAX];
	size_t size;
	FILE *file;
	int fd;

	fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (!file)
		err(EXIT_FAILURE, "%s", name);
	size = fread(input, 1, sizeof(input), file);
	if (ferror(file) || !feof(file))
		errx(EXIT_FAILURE, "%s: cannot be read, or is too long", name);
	fclose(file);
	return replay(input, size);
}

int main(void)
{
	const char *srcdir = getenv("srcdir");
	char directory[4096];
	size_t files = 0, inputs = 0;
	DIR *dir;

	snprintf(directory, sizeof(directory), "%s/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 FDB_CORPUS);
	dir = opendir(directory);
	if (!dir)
		err(EXIT_FAILURE, "%s", directory);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		inputs += replay_file(dirfd(dir), entry->d_name);
		files++;
	}
	closedir(dir);
	printf("%s: %zu inputs from %zu files\n", FDB_CORPUS, inputs, files);
	return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
