/* SPDX-License-Identifier: MIT */
#ifndef BOXES_FS_RIGHTS_H
#define BOXES_FS_RIGHTS_H

#include "base/tree.h"
#include "boxes/fs_place.h"

/*
 * Whose single files and folders are, and who may do what with them: extended attributes of theirs,
 * user.box.owner (a person) and user.box.acl (lines of an access list), so they go where the file goes.
 * A folder's hold for what is in it, too; how they add up is box/perm.h's perm_path. What is not
 * understood there closes the file to all but the owners.
 *
 * Before anything below an export is served, fs_look_up finds its rights; what is served then is the name
 * without links that was looked at.
 */

#define FS_OWNER "user.box.owner"

/* For box_type. */
void fs_look_up(struct box *box, struct req *req);
void fs_allow(struct box *box, const char *rest, const char *line);
/* In the loop: letters but for what an export does not serve; returns out. */
const char *fs_served_letters(const struct box *box, const char *letters,
	char out[static PERM_LETTERS_SIZE]);

/* On a thread. */

/* What name in the folder dir says; name "": dir itself, which may be open with O_PATH. */
void fs_read_step(int dir, const char *name, struct perm_step *step);
/* The rights at what is open as fd, for who asks. false: it is not below the export any more. */
bool fs_rights_at(const struct fs_job *job, int fd, struct perm_path *path);
/* The same at a name without links, "" the export; decided: how much of it had the list that decided. */
bool fs_rights_on(const struct fs_job *job, const char *rest, struct perm_path *path,
	size_t *decided);
/* The name below the export of what is open, malloc'd. NULL: it is not there, or no memory. */
char *fs_rest_of(const struct fs_job *job, int fd);
/* One step further; true: a line of its own decided. */
bool fs_rights_in(struct perm_path *path, int dir, const char *name);
/* Puts a list in the place of the file's or folder's. false: noted. */
bool fs_set_acl(struct fs_job *job, int fd, const struct acl *acl);
bool fs_set_owner(struct fs_job *job, int fd, const char *owner);
/* Gives fd what name in dir has, and only that, understood or not. false: noted. */
bool fs_keep_rights(struct fs_job *job, int fd, int dir, const char *name);
bool fs_has_same_rights(int fd, int dir, const char *name);
/* Takes them away. */
void fs_drop_rights(int fd);
/* What fd is was made by who asks: his, if he may make things there. false: noted. */
bool fs_set_maker(struct fs_job *job, int fd);

#endif
