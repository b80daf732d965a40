package dev.ligature.cli;

import dev.ligature.models.text.Document;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a method does, in words, and the method that does it.
 *
 * @param question the first sentence of its documentation
 * @param answer its class, name and signature: {@code Strings.repeat(String s, int n) : String}
 */
record ApiPair(String question, String answer) {
    private static final int LEAST_WORDS = 4;
    private static final String OPEN = "/**";
    private static final String CLOSE = "*/";

    /** Annotations, modifiers, type parameters, type, name and parameters of a method. */
    private static final Pattern METHOD =
            Pattern.compile(
                    "\\s*(?:@\\w++(?:\\((?:[^()]++|\\([^()]*+\\))*+\\))?\\s++)*+"
                            + "((?:(?:public|protected|private|static|final|abstract|synchronized"
                            + "|default|native)\\s++)*+)"
                            + "(?:<[^{;()]*?>\\s+)?"
                            + "([\\w.<>\\[\\],?@ &]+?)\\s+(\\w+)\\s*\\(([^()]*)\\)"
                            + "\\s*(?:throws [\\w.,\\s]+)?[{;]");

    private static final Pattern MARGIN = Pattern.compile("(?m)^\\s*\\*+ ?");
    private static final Pattern BLOCK_TAG = Pattern.compile("(?m)^\\s*@\\w");
    private static final Pattern INLINE_TAG =
            Pattern.compile("\\{@(?:code|link|linkplain|literal|value)\\s+(?:[^{}]*#)?([^{}]*)\\}");
    private static final Pattern ELEMENT = Pattern.compile("<[^>]+>");
    private static final Pattern SENTENCE = Pattern.compile("(.*?[.!?])(?:\\s.*)?");
    private static final Pattern IN_PARAMETERS =
            Pattern.compile("@\\w+(\\([^)]*\\))?\\s*|\\bfinal\\s+");

    /**
     * Returns the documented methods of Java sources: of those with one name in a class the first,
     * and each sentence once.
     *
     * @param sources the files, named by their classes
     */
    static List<ApiPair> of(List<Document> sources) {
        List<ApiPair> pairs = new ArrayList<>();
        Set<String> methods = new HashSet<>();
        Set<String> questions = new HashSet<>();
        for (Document source : sources) {
            String type =
                    source.name()
                            .substring(source.name().lastIndexOf('/') + 1)
                            .replaceFirst("\\.java$", "");
            String text = source.text();
            Matcher method = METHOD.matcher(text);
            int open = text.indexOf(OPEN);
            while (open >= 0) {
                int close = text.indexOf(CLOSE, open + OPEN.length() - 1);
                if (close < 0) {
                    break;
                }
                method.region(close + CLOSE.length(), text.length());
                if (method.lookingAt() && isCallable(method)) {
                    String question = sentence(text.substring(open + OPEN.length(), close));
                    String name = type + "." + method.group(3);
                    if (isTelling(question) && !methods.contains(name) && questions.add(question)) {
                        methods.add(name);
                        pairs.add(new ApiPair(question, name + signature(method)));
                    }
                }
                open = text.indexOf(OPEN, close + CLOSE.length());
            }
        }
        return pairs;
    }

    private static boolean isCallable(Matcher method) {
        String type = method.group(2).strip();
        return !method.group(1).contains("private")
                && !type.equals("new")
                && !type.equals("return")
                && !type.equals("else");
    }

    private static boolean isTelling(String question) {
        return question.split(" ").length >= LEAST_WORDS && !question.contains("@");
    }

    private static String signature(Matcher method) {
        String parameters =
                IN_PARAMETERS.matcher(method.group(4)).replaceAll("").replaceAll("\\s+", " ");
        return "(" + parameters.strip() + ") : " + method.group(2).strip();
    }

    /** Returns the first sentence of a comment, without tags. */
    static String sentence(String comment) {
        String text = MARGIN.matcher(comment).replaceAll("");
        text = BLOCK_TAG.split(text, 2)[0];
        text = INLINE_TAG.matcher(text).replaceAll("$1");
        text =
                ELEMENT.matcher(text)
                        .replaceAll(" ")
                        .replace("&lt;", "<")
                        .replace("&gt;", ">")
                        .replace("&amp;", "&")
                        .replaceAll("\\s+", " ")
                        .strip();
        Matcher sentence = SENTENCE.matcher(text);
        return sentence.matches() ? sentence.group(1) : text;
    }
}
