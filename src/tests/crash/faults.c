/* Faults of a disk for one process, as LD_PRELOAD. A file in the folder FAULTS switches each on (crash/disk.rs):
 *   hold       fsync and fdatasync wait until the file is removed
 *   slow       fsync and fdatasync take as many ms longer as the file says
 *   read-only  nothing below the folder FAULTS_UNDER can be written: EROFS
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int path_of(char *path, size_t size, const char *fault) {
    const char *folder = getenv("FAULTS");
    return folder && snprintf(path, size, "%s/%s", folder, fault) < (int)size;
}

static int is_on(const char *fault) {
    char path[4096];
    int before = errno, on = path_of(path, sizeof path, fault) && access(path, F_OK) == 0;
    errno = before;
    return on;
}

static int is_below(const char *path) {
    const char *folder = getenv("FAULTS_UNDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int is_closed_path(const char *path) { return is_below(path) && is_on("read-only"); }

static int is_closed(int file) {
    char link[64], path[4096];
    if (!is_on("read-only")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int refused(void) {
    errno = EROFS;
    return -1;
}

static void wait_for_the_disk(void) {
    char path[4096], text[32] = "";
    while (is_on("hold")) usleep(2000);
    if (!path_of(path, sizeof path, "slow")) return;
    int file = REAL(open)(path, O_RDONLY);
    if (file < 0) return;
    if (read(file, text, sizeof text - 1) > 0) usleep(1000 * (useconds_t)atoi(text));
    close(file);
}

int fsync(int file) {
    wait_for_the_disk();
    return is_closed(file) ? refused() : REAL(fsync)(file);
}

int fdatasync(int file) {
    wait_for_the_disk();
    return is_closed(file) ? refused() : REAL(fdatasync)(file);
}

#define OPEN(name)                                                            \
    int name(const char *path, int flags, ...) {                              \
        va_list rest;                                                         \
        va_start(rest, flags);                                                \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; \
        va_end(rest);                                                         \
        int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_TRUNC;      \
        return writes && is_closed_path(path) ? refused() : REAL(name)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

ssize_t write(int file, const void *bytes, size_t count) {
    return is_closed(file) ? refused() : REAL(write)(file, bytes, count);
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at) {
    return is_closed(file) ? refused() : REAL(pwrite)(file, bytes, count, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t at) {
    return is_closed(file) ? refused() : REAL(pwrite64)(file, bytes, count, at);
}

int ftruncate(int file, off_t size) { return is_closed(file) ? refused() : REAL(ftruncate)(file, size); }

int ftruncate64(int file, off64_t size) { return is_closed(file) ? refused() : REAL(ftruncate64)(file, size); }

int unlink(const char *path) { return is_closed_path(path) ? refused() : REAL(unlink)(path); }

/* A folder that exists is said to exist (EEXIST), also on a read-only file system. */
int mkdir(const char *path, mode_t mode) {
    return is_closed_path(path) && access(path, F_OK) ? refused() : REAL(mkdir)(path, mode);
}

int rename(const char *from, const char *to) { return is_closed_path(to) ? refused() : REAL(rename)(from, to); }
