package dev.ligature.architecture.planted;

import com.google.gson.Gson;

final class DataBinding {
    private DataBinding() {}

    static String write(Object value) {
        return new Gson().toJson(value);
    }
}
