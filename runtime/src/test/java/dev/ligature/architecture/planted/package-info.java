/** Code that breaks the rules of the architecture, to show that they see it. Never runs. */
package dev.ligature.architecture.planted;
