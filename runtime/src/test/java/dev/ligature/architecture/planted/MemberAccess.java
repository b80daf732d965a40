package dev.ligature.architecture.planted;

import java.lang.reflect.Field;

final class MemberAccess {
    private MemberAccess() {}

    static void open(Field field) {
        field.setAccessible(true);
    }
}
