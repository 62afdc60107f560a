/* history_file.h - the messages that were sent, kept for all chats: also for several at a time.
 *
 * One message is one line, whatever it holds: a newline in it is written as \n, a backslash as \\,
 * and a '#' that it begins with as \#. A message is appended when it is sent, under a lock, so no
 * chat writes over what another one added. A file that begins with '#' and a digit was written by
 * readline, which parts messages by such lines; it is taken over.
 */
#ifndef S2D_UI_HISTORY_FILE_H
#define S2D_UI_HISTORY_FILE_H

/* Adds the messages to readline's history, which stifle_history limits. A file that has grown to
 * more than twice that is cut down to it. What cannot be read is left out. */
void history_file_load(const char *path);

/* Appends one message, whole or not at all. -1 = it could not be written. */
int history_file_add(const char *path, const char *message);

#endif
