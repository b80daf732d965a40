/**
 * LangChain4j's chat and embedding models, computed in the application's own process. What is about
 * language models and not about LangChain4j belongs to the module of the models.
 */
@NullMarked
package dev.ligature.langchain4j;

import org.jspecify.annotations.NullMarked;
