package dev.ligature.internal.files;

import dev.ligature.internal.diag.Message;

/** What is reported about files and directories that are read and written. */
enum FileMessage implements Message {
    MISSING("CheckpointMissing", "%1$s does not exist. Check the path, or get the checkpoint."),
    NOT_A_DIRECTORY(
            "CheckpointMissing", "%1$s is a file, not a directory. Name the directory it is in."),
    INCOMPLETE(
            "CheckpointMissing",
            "%1$s does not exist. The checkpoint is not complete: get it again."),
    LINK(
            "CheckpointLink",
            "%1$s is a link to %2$s, outside the directory. Copy the files to one directory (cp"
                    + " -rL)."),
    SNAPSHOT_MISSING(
            "CheckpointSnapshot",
            "%1$s names the snapshot '%2$s', which is not in %3$s. Download the repository again, or"
                    + " give the folder of another snapshot."),
    SNAPSHOTS_NONE(
            "CheckpointSnapshot",
            "%1$s is the folder of a repository in a hub's cache, and has no snapshot. Download the"
                    + " repository again."),
    SNAPSHOTS_MANY(
            "CheckpointSnapshot",
            "%1$s has several snapshots, %3$s, and no %2$s that says which is current. Give the"
                    + " folder of one of them."),
    PATH(
            "CheckpointPath",
            "%1$s names the file '%2$s', which is not a plain file name. Files of a checkpoint must"
                    + " be in its directory: move it there, and name it without a path."),
    OUTPUT_EXISTS("OutputExists", "%1$s exists, and is not overwritten. Choose another path."),
    OUTPUT_NAMELESS(
            "OutputExists", "%1$s has no name of its own. Choose the path of a new directory."),
    OUTPUT_IN_THE_MAKING(
            "OutputExists",
            "%1$s exists: another process is writing %2$s, or was interrupted when it did. Wait for"
                    + " it, or delete it."),
    OUTPUT_IS_A_FILE(
            "OutputExists", "%1$s is a file. Choose the path of a directory, or delete it."),
    FILES_LEFT(
            "WriteFailed",
            "%1$s was written, but not everything else that was in it could be moved there from"
                    + " %2$s: %3$s. Move it by hand."),
    WRITE_ENDED(
            "WriteFailed",
            "%1$s was not written: %2$s. Nothing of it was left; write it again, and keep the"
                    + " source open and the thread uninterrupted until it is done."),
    OUTPUT_IS_A_LINK(
            "OutputExists",
            "%1$s is a link to something that does not exist. Delete it, or choose another path."),
    WRITE_FAILED(
            "WriteFailed",
            "%1$s could not be written: %2$s. Nothing of it was left; check the path, its"
                    + " permissions and the room on the disk.");

    private final String code;
    private final String pattern;

    FileMessage(String code, String pattern) {
        this.code = code;
        this.pattern = pattern;
    }

    @Override
    public String code() {
        return code;
    }

    @Override
    public String pattern() {
        return pattern;
    }
}
