/**
 * Builds projects of users from the packaged jars, with the JDK and the Maven that run the build.
 * These tests run after packaging, in the phase {@code integration-test}.
 */
package dev.ligature.processor.consumer;
