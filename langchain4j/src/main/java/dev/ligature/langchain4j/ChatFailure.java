package dev.ligature.langchain4j;

import dev.langchain4j.exception.InternalServerException;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.exception.LangChain4jException;
import dev.langchain4j.exception.ModelNotFoundException;
import dev.langchain4j.exception.RateLimitException;
import dev.ligature.LoraException;
import dev.ligature.StoreFullException;
import dev.ligature.UnknownAdapterException;
import dev.ligature.models.PretrainedModel;

/** Errors as LangChain4j's own: those that may be right the next time are its retriable ones. */
final class ChatFailure {
    private ChatFailure() {}

    /** Returns the error of a request that is wrong. */
    static LangChain4jException ofRequest(RuntimeException e) {
        return new InvalidRequestException(e.getMessage(), e);
    }

    static LangChain4jException tooLong(int prompt, int tokens, int most) {
        return new InvalidRequestException(
                "The conversation's "
                        + prompt
                        + " tokens and "
                        + tokens
                        + " new ones are more than the model's "
                        + most
                        + ". Shorten the conversation, or ask for fewer tokens"
                        + " (maxOutputTokens).");
    }

    /** Returns the error of an adapter that cannot be used. */
    static LangChain4jException ofAdapter(String name, Exception e) {
        return e instanceof UnknownAdapterException || "LoraAdapterName".equals(code(e))
                ? new ModelNotFoundException(e.getMessage(), e)
                : new InternalServerException(
                        "Adapter " + name + " cannot be used: " + e.getMessage(), e);
    }

    private static String code(Exception e) {
        return e instanceof LoraException coded ? coded.code() : "";
    }

    static LangChain4jException noAdapters(String name, String base) {
        return new ModelNotFoundException(
                "There is no adapter "
                        + name
                        + ": the engine has no store. Open it with one, or ask for "
                        + base
                        + ".");
    }

    static LangChain4jException full(StoreFullException e) {
        return new RateLimitException(e.getMessage(), e);
    }

    /**
     * Checks that a model can compute.
     *
     * @throws IllegalStateException if it is closed
     */
    static void checkOpen(PretrainedModel model) {
        if (!model.manager().isOpen()) {
            throw new IllegalStateException(
                    "The model in "
                            + model.directory()
                            + " is closed and computes nothing. Load it again, and keep it open"
                            + " until the last call.");
        }
    }

    /** Returns the error of an answer that was begun. */
    static LangChain4jException ofAnswer(Throwable e) {
        return e instanceof LangChain4jException ours
                ? ours
                : new LangChain4jException("The answer has failed: " + e.getMessage(), e);
    }
}
